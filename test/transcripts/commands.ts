/**
 * The words of a transcript. Each line is a word and names: `deliver x a` is "what is under way from x to a arrives". A word that
 * is not in the table, or a name that nobody has, is an error, so a transcript never says something that did not happen.
 */
import type { MembershipChange } from '../../src/core/membership.ts';
import type { Append, Message } from '../../src/core/messages.ts';
import type { EntryId } from '../../src/core/types.ts';
import { describeId } from '../sim/log-tree.ts';
import { type Actor, ScribeActor, WorkerActor } from './actors.ts';
import { describeConfiguration, describeRole, termsOf } from './describe.ts';
import type { Stage } from './stage.ts';

type Command = (stage: Stage, words: readonly string[]) => void;

const member = (name: string, uuid = name) => ({ scribeId: name, storageUuid: uuid, address: `${name}:1` });

function numberOf(word: string | undefined): number {
  const value = Number(word);
  if (!Number.isSafeInteger(value)) throw new Error(`${word} is no number`);
  return value;
}

/** `3@2`: entry 3 of term 2. */
function entryOf(word: string | undefined): EntryId {
  const [index, term] = (word ?? '').split('@');
  return { index: numberOf(index), term: numberOf(term) };
}

/** `*` is everybody else. */
function others(stage: Stage, from: Actor, words: readonly string[]): readonly Actor[] {
  if (words[0] !== '*') return words.map((name) => stage.actor(name));
  return [...stage.actors.values()].filter((actor) => actor !== from);
}

/** A word and its answer about a process, for `expect` and `state`. */
function ask(stage: Stage, actor: Actor, field: string): string {
  const { machine } = actor;
  if (field === 'runs') return String(machine !== null);
  if (actor.kind === 'scribe') {
    const { image, pending } = actor.disk;
    if (field === 'disk') return termsOf(image.tip);
    if (field === 'writing') return String(pending.length);
    if (actor.machine === null) throw new Error(`${actor.name} does not run`);
    if (field === 'term') return String(actor.machine.hardState.term);
    if (field === 'vote') return actor.machine.hardState.votedFor ?? 'nobody';
    if (field === 'standing') return actor.machine.standing;
    if (field === 'commit') return describeId(actor.machine.commit);
  } else if (actor.machine !== null) {
    if (field === 'role') return describeRole(actor.machine);
    if (field === 'commit') return String(actor.machine.commit);
    if (field === 'applied') return String(actor.applied);
    if (field === 'proposals') return actor.machine.canPropose ? 'taken' : 'refused';
    if (field === 'leader') return actor.machine.leader?.identity.incarnation ?? 'nobody';
    if (field === 'members') return describeConfiguration(actor.machine.configuration.configuration);
  }
  if (machine === null) throw new Error(`${actor.name} does not run`);
  if (field === 'tail') return describeId(machine.tail);
  if (field === 'log') return termsOf(stage.tree.endingAt(machine.tail) ?? null);
  throw new Error(`${field} is not known of a ${actor.kind}`);
}

function stateOf(stage: Stage, actor: Actor): string {
  if (actor.machine === null) return `${actor.name}: is down`;
  const of = (field: string): string => ask(stage, actor, field);
  if (actor.kind === 'worker')
    return `${actor.name}: ${of('role')}; log ${of('log')}; committed ${of('commit')}, applied ${of('applied')}`;
  return `${actor.name}: term ${of('term')}, vote for ${of('vote')}; log ${of('log')}, on the disk ${of('disk')}; committed ${of('commit')}`;
}

/** `add d`, `remove c`, `replace c d`, `replace c c2`: another disk may keep the name. `quorums 1 3`: one commits, three elect. */
function changeOf([kind, first = '', second = '']: readonly string[]): MembershipChange {
  if (kind === 'add') return { kind, member: member(first) };
  if (kind === 'remove') return { kind, scribeId: first };
  if (kind === 'replace') return { kind, scribeId: first, member: member(second.replace(/\d$/, ''), second) };
  if (kind === 'quorums') return { kind, quorums: { commit: numberOf(first), vote: numberOf(second) } };
  throw new Error(`${kind} is no change of the members`);
}

/** A message that nobody has sent. */
function forged(stage: Stage, from: Actor, [kind, term, ...rest]: readonly string[]): Message {
  const incarnation = from.kind === 'worker' ? from.incarnation : '';
  if (kind === 'vote' || kind === 'transferVote') {
    const candidacy = { term: numberOf(term), incarnation, tail: entryOf(rest[0]) };
    return kind === 'vote' ? { kind, ...candidacy } : { kind, ...candidacy, askedIn: candidacy.term - 1 };
  }
  if (kind !== 'append') throw new Error(`${kind} cannot be forged`);
  const [prev, commit, ...entries] = rest;
  const batches = entries.map((entry): Append['batches'][number] => {
    const known = stage.tree.endingAt(entryOf(entry));
    if (known === undefined || known === null) throw new Error(`nobody has ever built ${entry}`);
    return known.batch;
  });
  const round = 0;
  return {
    kind,
    term: numberOf(term),
    incarnation,
    prev: entryOf(prev),
    batches,
    commit: numberOf(commit),
    round,
    echo: true,
    leaseMillis: 0,
  };
}

const COMMANDS: Readonly<Record<string, Command>> = {
  /** The scribes that entry 1 names. */
  members: (stage, names) => {
    stage.members = { scribes: names.map((name) => member(name)) };
  },
  set: (stage, [option = '', value]) => {
    if (!Object.hasOwn(stage.options, option)) throw new Error(`${option} is no option`);
    stage.options = { ...stage.options, [option]: numberOf(value) };
  },
  /** `scribe a 6 1 1 4`: scribe a starts on a disk with term 6 and a log of these terms. */
  scribe: (stage, [name = '', term, ...terms]) => {
    stage.start(new ScribeActor(stage, name, name, numberOf(term), null, stage.log(terms.map(numberOf))));
  },
  /** The members, each on the disk that it was formatted with. */
  scribes: (stage, names) => {
    COMMANDS.members!(stage, names);
    for (const name of names) COMMANDS.scribe!(stage, [name, '1', '1']);
  },
  /** `blank d`, `blank c c2`: a scribe on a disk that holds nothing, perhaps under another storage uuid than its name. */
  blank: (stage, [name = '', uuid = name]) => stage.start(new ScribeActor(stage, name, uuid, 0, null, [])),
  worker: (stage, [name = '', workerId = name]) => stage.start(new WorkerActor(stage, name, workerId)),
  workers: (stage, names) => {
    for (const name of names) COMMANDS.worker!(stage, [name]);
  },
  crash: (stage, [name = '', surviving = '0']) => stage.crash(stage.actor(name), numberOf(surviving)),
  restart: (stage, [name = '']) => stage.start(stage.actor(name)),
  copy: (stage, [name = '']) => stage.scribe(name).copyDisk(),
  'go-back': (stage, [name = '']) => stage.scribe(name).goBack(),
  link: (stage, [left = '', ...rest]) => {
    for (const other of others(stage, stage.actor(left), rest)) stage.link(stage.actor(left), other);
  },
  cut: (stage, [left = '', ...rest]) => {
    for (const other of others(stage, stage.actor(left), rest)) stage.cut(stage.actor(left), other);
  },
  mute: (stage, [from = '', ...rest]) => {
    for (const to of others(stage, stage.actor(from), rest)) stage.mute(stage.actor(from), to, true);
  },
  unmute: (stage, [from = '', ...rest]) => {
    for (const to of others(stage, stage.actor(from), rest)) stage.mute(stage.actor(from), to, false);
  },
  pass: (stage, [millis]) => {
    stage.now += numberOf(millis);
  },
  tick: (stage, [name = '']) => stage.tick(stage.actor(name)),
  deliver: (stage, [from = '', to = '', which = 'all']) =>
    stage.deliver(stage.actor(from), stage.actor(to), which === 'all' || which === 'last' ? which : numberOf(which)),
  repeat: (stage, [from = '', to = '']) => stage.repeat(stage.actor(from), stage.actor(to)),
  lose: (stage, [from = '', ...rest]) => {
    for (const to of others(stage, stage.actor(from), rest)) stage.lose(stage.actor(from), to);
  },
  delay: (stage, [from = '', to = '']) => stage.delay(stage.actor(from), stage.actor(to)),
  arrive: (stage, [from = '', to = '']) => stage.arrive(stage.actor(from), stage.actor(to)),
  flush: (stage, [name = '', most = '1000']) => {
    if (!stage.scribe(name).flush(numberOf(most))) throw new Error(`the disk of ${name} has nothing to do`);
  },
  settle: (stage, names) =>
    stage.settle(names.length === 0 ? [...stage.actors.values()] : names.map((name) => stage.actor(name))),
  elect: (stage, [name = '', ...scribes]) =>
    stage.elect(
      stage.worker(name),
      scribes.map((scribe) => stage.scribe(scribe)),
    ),
  propose: (stage, [name = '', count = '1']) => {
    stage.say(`${name}: is given ${count === '1' ? 'a command' : `a batch of ${count} commands`}`);
    stage.worker(name).propose(numberOf(count));
  },
  read: (stage, [name = '', request]) => {
    stage.say(`${name}: is asked for read ${request}`);
    stage.worker(name).step({ kind: 'read', request: numberOf(request) });
  },
  change: (stage, [name = '', ...wish]) => {
    stage.say(`${name}: is asked to ${wish.join(' ')}`);
    stage.worker(name).step({ kind: 'change', request: 1, change: changeOf(wish) });
  },
  transfer: (stage, [name = '', to]) => {
    stage.say(`${name}: is asked to hand over to ${to ?? 'anybody'}`);
    const incarnation = to === undefined ? null : stage.worker(to).incarnation;
    stage.worker(name).step({ kind: 'transfer', request: 1, to: incarnation });
  },
  /** The state machine of a worker takes nothing until `apply`. */
  slow: (stage, [name = '']) => {
    stage.worker(name).slow = true;
  },
  apply: (stage, [name = '']) => stage.worker(name).apply(),
  forge: (stage, [from = '', to = '', ...rest]) =>
    stage.receive(stage.actor(from), stage.actor(to), forged(stage, stage.actor(from), rest)),
  state: (stage, names) => {
    const shown = names.length === 0 ? [...stage.actors.values()] : names.map((name) => stage.actor(name));
    for (const actor of shown) stage.say(stateOf(stage, actor));
  },
};

/** What a transcript claims; it stands whatever the machines do, so rewriting the transcript does not rewrite it. */
function expect(
  stage: Stage,
  [subject = '', field = '', ...wanted]: readonly string[],
  shown: readonly string[],
): void {
  const text = [field, ...wanted].join(' ');
  if (subject === 'said' || subject === 'unsaid') {
    const said = shown.some((line) => line.includes(text));
    if (said !== (subject === 'said')) throw new Error(`${subject} "${text}" does not hold of\n${shown.join('\n')}`);
    return;
  }
  const found = ask(stage, stage.actor(subject), field);
  if (found !== wanted.join(' ')) throw new Error(`${subject} ${field} is ${found} and not ${wanted.join(' ')}`);
}

/** Carries out one line; returns what it shows. `before`: what the command before it showed, quiet or not. */
export function carryOut(stage: Stage, line: string, before: { shown: readonly string[] }): readonly string[] {
  const words = line.split(/\s+/);
  if (words[0] === 'expect') {
    expect(stage, words.slice(1), before.shown);
    return [];
  }
  const isQuiet = words[0] === 'quietly';
  const [name = '', ...rest] = isQuiet ? words.slice(1) : words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new Error(`${name} is no command`);
  stage.lines = [];
  command(stage, rest);
  before.shown = stage.lines;
  return isQuiet ? [] : stage.lines;
}
