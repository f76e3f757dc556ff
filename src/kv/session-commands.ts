/** Commands the front end answers by itself, about the connection and the server; none of them touches the log. */
import type { WorkerStatus } from '../node/status.ts';
import { COMMANDS } from './commands.ts';
import { matchesGlob } from './glob.ts';
import { information, REDIS_VERSION } from './information.ts';
import { parseInteger } from './integers.ts';
import * as resp from './resp.ts';

/** What the commands can see of the server. */
export interface Surroundings {
  readonly port: number;
  readonly maxConnections: number;
  describe(): WorkerStatus;
  counts(): { readonly connections: number; readonly connectionsEver: number; readonly requests: number };
  /** Names of the connections, by id. */
  names(): Iterable<readonly [id: number, name: string]>;
}

/** The part of a session the commands work on. */
interface SessionView {
  readonly id: number;
  name: string;
}

export interface SessionCommand {
  readonly name: string;
  /** Words, the name included; negative: at least that many. */
  readonly arity: number;
  /** `words` has an allowed length. Not called for what the session itself handles (MULTI, WATCH, QUIT…). */
  answer(words: readonly string[], session: SessionView, surroundings: Surroundings): string;
}

const NO_PASSWORD = resp.error(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
);

const pairs = (entries: readonly (readonly [string, string])[]): string =>
  resp.array(entries.flatMap(([name, value]) => [resp.bulk(name), value]));

function ping([, text]: readonly string[]): string {
  return text === undefined ? resp.status('PONG') : resp.bulk(text);
}

function select([, database = '']: readonly string[]): string {
  const number = parseInteger(database);
  if (number === null) return resp.NOT_AN_INTEGER;
  return number === 0n ? resp.OK : resp.error('ERR DB index is out of range');
}

/** Only version 2 of the protocol is spoken; a client that asks for 3 goes on with 2. */
function hello([, version, ...options]: readonly string[], session: SessionView, surroundings: Surroundings): string {
  if (version !== undefined && parseInteger(version) === null)
    return resp.error('ERR Protocol version is not an integer or out of range');
  if (version !== undefined && version !== '2') return resp.error('NOPROTO unsupported protocol version');
  let name: string | null = null;
  for (let position = 0; position < options.length; position += 2) {
    const option = options[position]?.toUpperCase();
    if (option === 'AUTH') return NO_PASSWORD;
    if (option !== 'SETNAME' || position + 1 >= options.length)
      return resp.error(`ERR Syntax error in HELLO option '${options[position]}'`);
    name = options[position + 1] as string;
  }
  if (name !== null) {
    const refusal = setName(name, session);
    if (refusal !== resp.OK) return refusal;
  }
  return pairs([
    ['server', resp.bulk('redis')],
    ['version', resp.bulk(REDIS_VERSION)],
    ['proto', resp.integer(2)],
    ['id', resp.integer(session.id)],
    ['mode', resp.bulk('standalone')],
    ['role', resp.bulk(surroundings.describe().role === 'leader' ? 'master' : 'replica')],
    ['modules', resp.EMPTY_ARRAY],
  ]);
}

function setName(name: string, session: SessionView): string {
  if (!/^[!-~]{0,256}$/.test(name))
    return resp.error('ERR Client names cannot contain spaces, newlines or special characters.');
  session.name = name;
  return resp.OK;
}

function client(words: readonly string[], session: SessionView, surroundings: Surroundings): string {
  const [, subcommand = '', ...rest] = words;
  const line = (id: number, name: string): string => `id=${id} name=${name} db=0 resp=2\n`;
  switch (`${subcommand.toUpperCase()} ${rest.length}`) {
    case 'SETNAME 1':
      return setName(rest[0] as string, session);
    case 'GETNAME 0':
      return session.name === '' ? resp.NIL : resp.bulk(session.name);
    case 'ID 0':
      return resp.integer(session.id);
    case 'INFO 0':
      return resp.bulk(line(session.id, session.name));
    case 'LIST 0':
      return resp.bulk([...surroundings.names()].map(([id, name]) => line(id, name)).join(''));
    case 'SETINFO 2':
    case 'NO-EVICT 1':
    case 'NO-TOUCH 1':
      return resp.OK;
    default:
      return resp.error(`ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try CLIENT HELP.`);
  }
}

function config(
  [, subcommand = '', ...patterns]: readonly string[],
  _: SessionView,
  surroundings: Surroundings,
): string {
  if (subcommand.toUpperCase() !== 'GET' || patterns.length === 0)
    return resp.error(`ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try CONFIG HELP.`);
  const settings: readonly (readonly [string, string])[] = [
    ['appendfsync', 'always'],
    ['appendonly', 'yes'],
    ['databases', '1'],
    ['maxclients', `${surroundings.maxConnections}`],
    ['maxmemory', '0'],
    ['port', `${surroundings.port}`],
    ['save', ''],
  ];
  const wanted = settings.filter(([name]) => patterns.some((pattern) => matchesGlob(pattern.toLowerCase(), name)));
  return pairs(wanted.map(([name, value]) => [name, resp.bulk(value)]));
}

/** One command as COMMAND tells it: name, arity, flags, first key, last key, step. */
function commandInfo(name: string): string {
  const stored = COMMANDS.get(name);
  const arity = stored?.arity ?? SESSION_COMMANDS.get(name)?.arity;
  if (arity === undefined) return resp.NIL_ARRAY;
  const flag = stored === undefined ? 'fast' : stored.kind === 'write' ? 'write' : 'readonly';
  const keys = (stored?.keys ?? [0, 0, 0]).map(resp.integer);
  return resp.array([resp.bulk(name), resp.integer(arity), resp.array([resp.status(flag)]), ...keys]);
}

function command([, subcommand = '', ...names]: readonly string[]): string {
  const known = [...new Set([...COMMANDS.keys(), ...SESSION_COMMANDS.keys()])].sort();
  switch (subcommand.toUpperCase()) {
    case '':
      return resp.array(known.map(commandInfo));
    case 'COUNT':
      return resp.integer(known.length);
    case 'LIST':
      return resp.array(known.map(resp.bulk));
    case 'INFO':
      return resp.array((names.length === 0 ? known : names).map((name) => commandInfo(name.toLowerCase())));
    case 'DOCS':
      return resp.EMPTY_ARRAY;
    default:
      return resp.error(`ERR unknown subcommand '${subcommand}'. Try COMMAND HELP.`);
  }
}

const ok = (): string => resp.OK;

const all: readonly SessionCommand[] = [
  { name: 'ping', arity: -1, answer: (words) => (words.length > 2 ? resp.wrongArity('ping') : ping(words)) },
  { name: 'echo', arity: 2, answer: ([, text = '']) => resp.bulk(text) },
  { name: 'select', arity: 2, answer: select },
  { name: 'hello', arity: -1, answer: hello },
  { name: 'auth', arity: -2, answer: () => NO_PASSWORD },
  { name: 'client', arity: -2, answer: client },
  { name: 'config', arity: -2, answer: config },
  { name: 'command', arity: -1, answer: command },
  { name: 'info', arity: -1, answer: (words, _, surroundings) => information(words.slice(1), surroundings) },
  { name: 'multi', arity: 1, answer: ok },
  { name: 'exec', arity: 1, answer: ok },
  { name: 'discard', arity: 1, answer: ok },
  { name: 'watch', arity: -2, answer: ok },
  { name: 'unwatch', arity: 1, answer: ok },
  { name: 'quit', arity: -1, answer: ok },
  { name: 'reset', arity: 1, answer: ok },
];

export const SESSION_COMMANDS: ReadonlyMap<string, SessionCommand> = new Map(all.map((row) => [row.name, row]));
