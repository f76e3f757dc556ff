/**
 * The key-value store as a state machine: entries are commands, transactions and ticks; queries are read commands and
 * versions. Results and replies are the very bytes a Redis client gets. A transaction is one entry, so nothing comes
 * between its commands on any worker.
 */
import type { EntryContext, StateMachine } from '../machine/contract.ts';
import { type CommandContext, hasArity, longestKey } from './command.ts';
import { commandNamed } from './commands.ts';
import { ENTRY, encodeAnswer, encodeVersions, QUERY, WordReader } from './entry-codec.ts';
import { MAX_KEY_BYTES, MAX_REPLY_BYTES } from './limits.ts';
import * as resp from './resp.ts';
import { ClockBehind, Store } from './store.ts';

/** Replies in one answer: when they reach this many bytes the rest is left to the next query. */
const ANSWER_BYTES = 1024 * 1024;

export default function createKeyValueStore(): StateMachine {
  const store = new Store();
  return {
    apply: (entry, context) => apply(store, entry, context),
    read: (query) => read(store, query),
  };
}

function apply(store: Store, entry: Uint8Array, { index, timestampMillis }: EntryContext): Uint8Array {
  store.advance(timestampMillis);
  const reader = new WordReader(entry);
  const context: CommandContext = { store, clock: store.now, index };
  switch (reader.byte()) {
    case ENTRY.tick:
      reader.end();
      return Buffer.from(resp.OK);
    case ENTRY.command: {
      const words = reader.words();
      reader.end();
      return Buffer.from(execute(words, context), 'latin1');
    }
    case ENTRY.transaction:
      return Buffer.from(executeAll(reader, context), 'latin1');
    default:
      throw new Error('not an entry of the key-value store');
  }
}

function executeAll(reader: WordReader, context: CommandContext): string {
  const watches = reader.list(() => ({ key: reader.word(), version: reader.float() }));
  const commands = reader.list(() => reader.words());
  reader.end();
  if (watches.some(({ key, version }) => context.store.versionOf(key) !== version)) return resp.NIL_ARRAY;
  const replies: string[] = [];
  let size = 0;
  for (const words of commands) {
    // Nobody will see these replies any more: only what changes the store still has to run.
    if (size > MAX_REPLY_BYTES && commandNamed(words[0] ?? '')?.kind === 'read') continue;
    const reply = execute(words, context);
    size += reply.length;
    if (size <= MAX_REPLY_BYTES) replies.push(reply);
  }
  return size <= MAX_REPLY_BYTES ? resp.array(replies) : resp.REPLY_TOO_LARGE;
}

function execute(words: readonly string[], context: CommandContext): string {
  const command = commandNamed(words[0] ?? '');
  if (command === undefined) return resp.unknownCommand(words);
  if (!hasArity(command.arity, words.length)) return resp.wrongArity(command.name);
  if (longestKey(command, words) > MAX_KEY_BYTES) return resp.error(`ERR key is longer than ${MAX_KEY_BYTES} bytes`);
  return command.run(words, context);
}

function read(store: Store, query: Uint8Array): Uint8Array {
  const reader = new WordReader(query);
  switch (reader.byte()) {
    case QUERY.commands: {
      const clock = Math.max(store.now, reader.float());
      const commands = reader.list(() => reader.words());
      reader.end();
      return answer(commands, { store, clock, index: 0 });
    }
    case QUERY.versions: {
      const keys = reader.words();
      reader.end();
      return encodeVersions(keys.map((key) => store.versionOf(key)));
    }
    default:
      throw new Error('not a query of the key-value store');
  }
}

/** Answers commands from the first on, as many as fit and the clock allows. */
function answer(commands: readonly (readonly string[])[], context: CommandContext): Uint8Array {
  let replies = '';
  let answered = 0;
  for (const words of commands) {
    let reply: string;
    try {
      reply = executeRead(words, context);
    } catch (error) {
      if (error instanceof ClockBehind) return encodeAnswer(true, answered, replies);
      throw error;
    }
    if (answered > 0 && replies.length + reply.length > ANSWER_BYTES) break;
    replies += reply;
    answered++;
  }
  return encodeAnswer(false, answered, replies);
}

function executeRead(words: readonly string[], context: CommandContext): string {
  if (commandNamed(words[0] ?? '')?.kind === 'write')
    throw new Error(`${words[0]} changes the store; it must be proposed`);
  return execute(words, context);
}
