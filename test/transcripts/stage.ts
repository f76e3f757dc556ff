/**
 * Where transcripts are played: real machines, a clock that moves when told to, and letters that lie where they were sent until
 * somebody delivers, loses, delays or repeats them. Nothing happens by itself, so a transcript says every cause of what it shows.
 */
import type { Send, WorkerOptions } from '../../src/core/effects.ts';
import type { Message } from '../../src/core/messages.ts';
import type { Batch, Configuration } from '../../src/core/types.ts';
import { type LogNode, LogTree } from '../sim/log-tree.ts';
import { type Machines, realMachines } from '../sim/machines.ts';
import { describeMessage } from '../sim/trace.ts';
import type { Actor, ScribeActor, WorkerActor } from './actors.ts';

/** More deliveries than this in one command is two machines that never come to rest. */
const MOST_DELIVERIES = 5000;

interface Letter {
  readonly from: Actor;
  readonly to: Actor;
  readonly message: Message;
  late: boolean;
}

export class Stage {
  readonly machines: Machines;
  now = 0;
  members: Configuration = { scribes: [] };
  readonly tree = new LogTree();
  readonly actors = new Map<string, Actor>();
  options: WorkerOptions = {
    heartbeatMillis: 50,
    electionTimeoutMinMillis: 150,
    electionTimeoutMaxMillis: 300,
    leaseMillis: 0,
    clockDrift: 0,
    windowBytes: 1 << 20,
    maxInflightMessages: 64,
    maxInflightBytes: 1 << 20,
    maxAppendBytes: 1 << 16,
    maxFedLearners: 64,
    maxUnappliedBytes: 1 << 20,
  };
  /** What the command under way has shown. */
  lines: string[] = [];
  #letters: Letter[] = [];
  readonly #delivered: Letter[] = [];
  readonly #links = new Set<string>();
  readonly #muted = new Set<string>();
  #built = 0;

  constructor(machines: Machines = realMachines) {
    this.machines = machines;
  }

  say(line: string): void {
    this.lines.push(line);
  }

  /** Something that `name` does because of what was said last. */
  tell(name: string, text: string): void {
    this.say(`  ${name} ${text}`);
  }

  actor(name: string): Actor {
    const actor = this.actors.get(name);
    if (actor === undefined) throw new Error(`nobody is called ${name}`);
    return actor;
  }

  scribe(name: string): ScribeActor {
    const actor = this.actor(name);
    if (actor.kind !== 'scribe') throw new Error(`${name} is no scribe`);
    return actor;
  }

  worker(name: string): WorkerActor {
    const actor = this.actor(name);
    if (actor.kind !== 'worker') throw new Error(`${name} is no worker`);
    return actor;
  }

  /** A batch of eight bytes an entry, under the one it follows; the same one whenever the same entry is asked for. */
  build(
    {
      configuration,
      ...rest
    }: Pick<Batch, 'kind' | 'term' | 'firstIndex' | 'count'> & {
      configuration: Configuration | undefined;
    },
    previous: LogNode | null,
  ): LogNode {
    const known = this.tree.endingAt({ index: rest.firstIndex + rest.count - 1, term: rest.term });
    if (known !== undefined && known !== null && known.previous === previous) return known;
    const bytes = new Uint8Array(8 * rest.count);
    new DataView(bytes.buffer).setUint32(0, ++this.#built);
    const set = configuration === undefined ? {} : { configuration };
    return this.tree.grow({ ...rest, bytes, timestampMillis: 0, ...set }, previous, []);
  }

  /** A log of single entries of these terms, the first of which names the members. */
  log(terms: readonly number[]): readonly LogNode[] {
    const nodes: LogNode[] = [];
    for (const [at, term] of terms.entries()) {
      const kind = at === 0 ? 'configuration' : 'command';
      const configuration = at === 0 ? this.members : undefined;
      nodes.push(this.build({ kind, term, firstIndex: at + 1, count: 1, configuration }, nodes.at(-1) ?? null));
    }
    return nodes;
  }

  /** A process starts and is linked to all that run; scribes are linked among each other only when one dials. */
  start(actor: Actor): void {
    this.actors.set(actor.name, actor);
    actor.start();
    this.say(`${actor.name}: starts${actor.kind === 'worker' ? ` as ${actor.incarnation}` : ''}`);
    for (const other of this.actors.values()) {
      if (other === actor || (other.kind === 'scribe' && actor.kind === 'scribe')) continue;
      this.link(actor, other);
    }
  }

  crash(actor: Actor, surviving: number): void {
    actor.crash(surviving);
    this.say(`${actor.name}: crashes`);
    for (const other of this.actors.values()) this.cut(actor, other);
  }

  link(left: Actor, right: Actor): void {
    if (left.machine === null || right.machine === null || this.#linked(left, right)) return;
    this.#links.add(pair(left, right));
    this.#links.add(pair(right, left));
    left.step({ kind: 'linkUp', from: right.key, peer: right.peer });
    right.step({ kind: 'linkUp', from: left.key, peer: left.peer });
  }

  /** The link ends, both sides notice, and what was under way on it is lost. */
  cut(left: Actor, right: Actor): void {
    if (!this.#linked(left, right)) return;
    this.#links.delete(pair(left, right));
    this.#links.delete(pair(right, left));
    this.lose(left, right);
    this.lose(right, left);
    left.step({ kind: 'linkDown', from: right.key });
    right.step({ kind: 'linkDown', from: left.key });
  }

  /** What `from` sends to `to` from now on is lost, and nobody notices. */
  mute(from: Actor, to: Actor, muted: boolean): void {
    if (muted) this.#muted.add(pair(from, to));
    else this.#muted.delete(pair(from, to));
  }

  #linked(left: Actor, right: Actor): boolean {
    return this.#links.has(pair(left, right));
  }

  /** Messages that a machine wants sent; equal ones to several are said once. */
  post(from: Actor, sends: readonly Send[]): void {
    const said = new Map<string, string[]>();
    for (const { to: key, message } of sends) {
      const to = [...this.actors.values()].find((actor) => actor.key === key);
      if (to === undefined || to.machine === null) continue;
      if (!this.#linked(from, to)) {
        if (from.kind !== 'scribe' || to.kind !== 'scribe') continue;
        this.tell(from.name, `dials ${to.name}`);
        this.link(from, to); // asks again once it is up
        continue;
      }
      const muted = this.#muted.has(pair(from, to));
      if (!muted) this.#letters.push({ from, to, message, late: false });
      const text = `${muted ? '(lost) ' : ''}${describeMessage(message)}`;
      said.set(text, [...(said.get(text) ?? []), to.name]);
    }
    for (const [text, to] of said) this.say(`  ${from.name} -> ${to.join(' ')}: ${text}`);
  }

  underWay(from: Actor, to: Actor): readonly Letter[] {
    return this.#letters.filter((letter) => letter.from === from && letter.to === to && !letter.late);
  }

  lose(from: Actor, to: Actor): void {
    this.#letters = this.#letters.filter((letter) => letter.from !== from || letter.to !== to || letter.late);
  }

  /** What is under way stays so until `arrive`, however much later, whatever happens to the link. */
  delay(from: Actor, to: Actor): void {
    for (const letter of this.underWay(from, to)) letter.late = true;
  }

  arrive(from: Actor, to: Actor): void {
    for (const letter of this.#letters.filter((each) => each.from === from && each.to === to && each.late))
      this.#hand(letter);
  }

  /** The oldest letters, or the newest one, or all that are under way now. */
  deliver(from: Actor, to: Actor, which: number | 'last' | 'all'): void {
    const letters = this.underWay(from, to);
    const chosen = which === 'last' ? letters.slice(-1) : letters.slice(0, which === 'all' ? undefined : which);
    if (chosen.length === 0) throw new Error(`nothing is under way from ${from.name} to ${to.name}`);
    for (const letter of chosen) this.#hand(letter);
  }

  /** What arrived last arrives once more. */
  repeat(from: Actor, to: Actor): void {
    const last = this.#delivered.findLast((letter) => letter.from === from && letter.to === to);
    if (last === undefined) throw new Error(`nothing has arrived from ${from.name} at ${to.name}`);
    this.receive(from, to, last.message);
  }

  receive(from: Actor, to: Actor, message: Message): void {
    this.say(`${to.name} <- ${from.name}: ${describeMessage(message)}`);
    to.step({ kind: 'message', from: from.key, message });
  }

  #hand(letter: Letter): void {
    this.#letters.splice(this.#letters.indexOf(letter), 1);
    this.#delivered.push(letter);
    this.receive(letter.from, letter.to, letter.message);
  }

  /** Those named hear each other, and their disks do what they are given, until nothing is left to do or `enough`. */
  settle(actors: readonly Actor[], enough: () => boolean = () => false): void {
    for (let turns = 0; !enough(); turns++) {
      if (turns > MOST_DELIVERIES) throw new Error('they never come to rest');
      const next = this.#letters.find(({ from, to, late }) => !late && actors.includes(from) && actors.includes(to));
      if (next !== undefined) this.#hand(next);
      else if (!actors.some((actor) => actor.kind === 'scribe' && actor.flush(Number.POSITIVE_INFINITY))) return;
    }
  }

  tick(actor: Actor): void {
    const wakeAt = actor.machine?.wakeAt ?? Number.POSITIVE_INFINITY;
    if (wakeAt === Number.POSITIVE_INFINITY) throw new Error(`${actor.name} wants no tick`);
    this.now = Math.max(this.now, wakeAt);
    this.say(`${actor.name}: tick at ${Math.round(this.now)} ms`);
    actor.step({ kind: 'tick' });
  }

  /** The worker becomes leader by the votes of these scribes; what it sends then is under way. */
  elect(worker: WorkerActor, scribes: readonly ScribeActor[]): void {
    const leads = (): boolean => worker.machine?.role === 'leader';
    for (let tries = 0; tries < 6 && !leads(); tries++) {
      this.now += this.options.electionTimeoutMaxMillis;
      this.tick(worker);
      this.settle([worker, ...scribes], leads);
    }
    if (!leads()) throw new Error(`${worker.name} is not elected`);
  }
}

const pair = (from: Actor, to: Actor): string => `${from.name} ${to.name}`;
