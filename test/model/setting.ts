/** What all states of one exploration share: the machines under test, who takes part, timing, and how far to go. */
import type { WorkerOptions } from '../../src/core/effects.ts';
import type { PeerKey } from '../../src/core/messages.ts';
import type { Configuration, LoggedConfiguration, Quorums } from '../../src/core/types.ts';
import type { Machines } from '../sim/machines.ts';
import { Letters } from './letters.ts';
import { describeConfiguration, LogNodes } from './log-nodes.ts';
import { type Cast, nameOf, scribeName } from './names.ts';

/** What ends a path: nothing beyond is explored, all within is. */
export interface Bounds {
  /** Highest term that anybody may come to, or try to lead in: an attempt is followed until it is known to be for a higher one. */
  readonly term: number;
  /** Highest index of any log. */
  readonly index: number;
  /** Crashes, of everybody together. */
  readonly crashes: number;
  /** Who may crash: scribes, workers that lead or have led, or those that never have. Default: everybody. */
  readonly crashing?: 'scribe' | 'leader' | 'learner';
  /** Ticks of each process of a worker: its time-outs and heartbeats. */
  readonly ticks: number;
  /** Commands and reads that clients ask for. */
  readonly commands: number;
  readonly reads: number;
  /** Which states are left out because others cover them (`covering.ts`): more only where no log is ever cut. */
  readonly covering: 'none' | 'some' | 'more';
}

export const OPTIONS: WorkerOptions = Object.freeze({
  heartbeatMillis: 10,
  electionTimeoutMinMillis: 15,
  electionTimeoutMaxMillis: 15,
  leaseMillis: 0,
  clockDrift: 0,
  windowBytes: 1 << 20,
  maxInflightMessages: 64,
  maxInflightBytes: 1 << 20,
  maxAppendBytes: 1 << 20,
  maxFedLearners: 64,
  maxUnappliedBytes: 1 << 20,
});

export class Setting {
  readonly machines: Machines;
  readonly cast: Cast;
  readonly nodes = new LogNodes();
  readonly letters: Letters;
  readonly options: WorkerOptions;
  bounds: Bounds;
  /** How many processes of a worker everybody is linked to from the start. */
  readonly incarnations: number;
  readonly #quorums: Quorums | undefined;
  readonly #configurations = new Map<string, Configuration>();
  readonly #known = new Map<Configuration, string>();

  constructor(machines: Machines, cast: Cast, bounds: Bounds, options: WorkerOptions, quorums?: Quorums) {
    this.machines = machines;
    this.cast = cast;
    this.bounds = bounds;
    this.options = options;
    this.#quorums = quorums;
    this.incarnations = bounds.covering === 'more' ? bounds.crashes + 1 : 1;
    this.letters = new Letters(cast, this.nameOf);
  }

  /** The processes of a worker that are linked to from the start. */
  processesOf(slot: number): readonly PeerKey[] {
    return Array.from({ length: this.incarnations }, (_, at): PeerKey => `worker:${nameOf(this.cast, slot)}${at}`);
  }

  get slots(): number {
    return this.cast.scribes + this.cast.workers;
  }

  /** A short name for what is one object wherever it occurs. */
  readonly nameOf = (value: object): string | undefined => {
    const node = this.nodes.of(value as never);
    return node === undefined ? this.#known.get(value as Configuration) : `n${node.number}`;
  };

  /** One object for equal ones. */
  configuration(like: Configuration): Configuration {
    const text = describeConfiguration(like);
    const known = this.#configurations.get(text);
    if (known !== undefined) return known;
    const configuration = Object.freeze({ ...like });
    this.#configurations.set(text, configuration);
    this.#known.set(configuration, `c${text}`);
    return configuration;
  }

  /** The first scribes as the members, as `init` writes it. */
  members(count: number): Configuration {
    const scribes = Array.from({ length: count }, (_, at) => {
      const name = scribeName(at);
      return { scribeId: name, storageUuid: name, address: name };
    });
    return this.configuration(this.#quorums === undefined ? { scribes } : { scribes, quorums: this.#quorums });
  }

  /** What a worker is started with. */
  contact(count: number): LoggedConfiguration {
    return { id: { index: 0, term: 0 }, configuration: this.members(count) };
  }
}
