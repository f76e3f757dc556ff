/** One worker's machine by itself: events in, effects out, at a clock of its own. */
import type { WorkerEffects, WorkerOptions } from '../../src/core/effects.ts';
import type { Message, PeerKey, ProbeReply, Read, ReadReply } from '../../src/core/messages.ts';
import { type Batch, type EntryId, ORIGIN } from '../../src/core/types.ts';
import { WorkerMachine } from '../../src/core/worker.ts';

const SCRIBES = ['a', 'b', 'c'] as const;
export const at = (index: number, term: number): EntryId => ({ index, term });
export const configuration = {
  scribes: SCRIBES.map((name) => ({ scribeId: name, storageUuid: name, address: `${name}:1` })),
};

export const batch = (firstIndex: number, term: number, kind: Batch['kind'] = 'command', count = 1): Batch => ({
  kind,
  term,
  firstIndex,
  count,
  timestampMillis: 0,
  bytes: new Uint8Array(8),
  ...(kind === 'configuration' ? { configuration } : {}),
});

/** A worker with links to three scribes and another worker, and its own clock. */
export class Bench {
  now = 0;
  readonly machine: WorkerMachine;
  readonly #leaseMillis: number;

  constructor(leaseMillis = 0, options: Partial<WorkerOptions> = {}) {
    this.#leaseMillis = leaseMillis;
    this.machine = new WorkerMachine({
      identity: { workerId: 'w', incarnation: 'w1', address: 'w:1' },
      configuration: { id: at(1, 1), configuration },
      options: {
        heartbeatMillis: 50,
        electionTimeoutMinMillis: 150,
        leaseMillis,
        clockDrift: 0.05,
        electionTimeoutMaxMillis: 300,
        windowBytes: 1000,
        maxInflightMessages: 8,
        maxInflightBytes: 1000,
        maxAppendBytes: 1000,
        maxFedLearners: 64,
        maxUnappliedBytes: 1000,
        ...options,
      },
      random: () => 0.5,
      encodeNoop: (term, firstIndex) => batch(firstIndex, term, 'noop'),
      encodeConfiguration: ({ term, firstIndex }, members) => ({
        ...batch(firstIndex, term, 'configuration'),
        configuration: members,
      }),
      now: 0,
    });
    for (const name of SCRIBES) {
      const peer = { role: 'scribe', storageUuid: name, scribeId: name } as const;
      this.machine.step({ kind: 'linkUp', from: `scribe:${name}`, peer }, 0);
    }
    this.linkWorker('v1');
  }

  linkWorker(incarnation: string): WorkerEffects {
    const peer = { role: 'worker', identity: { workerId: 'v', incarnation, address: 'v:1' } } as const;
    return this.machine.step({ kind: 'linkUp', from: `worker:${incarnation}`, peer }, this.now);
  }

  receive(from: PeerKey, message: Message): WorkerEffects {
    return this.machine.step({ kind: 'message', from, message }, this.now);
  }

  /** Of the worker `incarnation`, which leads `term`. */
  append(term: number, prev: EntryId, batches: readonly Batch[], commit: number, incarnation = 'v1'): WorkerEffects {
    return this.receive(`worker:${incarnation}`, {
      kind: 'append',
      leaseMillis: 0,
      term,
      incarnation,
      prev,
      batches,
      commit,
      round: 0,
      echo: false,
    });
  }

  /** Let time pass until the machine probes; the round it asks with. */
  campaign(): number {
    for (;;) {
      this.now = this.machine.wakeAt;
      const { sends } = this.machine.step({ kind: 'tick' }, this.now);
      const probe = sends.find(({ message }) => message.kind === 'probe');
      if (probe?.message.kind === 'probe') return probe.message.round;
    }
  }

  /** Elected by scribes a and b, whose logs are as empty as its own; the no-op is entry 1. Returns the term. */
  lead(): number {
    const round = this.campaign();
    this.probeReply('scribe:a', round, at(0, 0));
    this.probeReply('scribe:b', round, at(0, 0));
    const term = 1;
    const grant = { kind: 'voteReply', requestTerm: term, term, reason: 'granted', tail: at(0, 0) } as const;
    this.receive('scribe:a', grant);
    this.receive('scribe:b', grant);
    return term;
  }

  /** A scribe's word, in the leader's own term, that it holds everything up to `durable`; of the append of a `round`. */
  acknowledge(from: PeerKey, durable: EntryId, conflict: EntryId | null = null, round = 0): WorkerEffects {
    const { term } = this.machine;
    const micros = { writeMicros: 0, fsyncMicros: 0 };
    return this.receive(from, {
      kind: 'appendReply',
      leaseMillis: this.#leaseMillis,
      term,
      incarnation: 'w1',
      durable,
      conflict,
      round,
      ...micros,
    });
  }

  linkScribe(storageUuid: string, scribeId = storageUuid): WorkerEffects {
    const peer = { role: 'scribe', storageUuid, scribeId } as const;
    return this.machine.step({ kind: 'linkUp', from: `scribe:${storageUuid}`, peer }, this.now);
  }

  probeReply(from: PeerKey, round: number, tail: EntryId, term = tail.term): Read | undefined {
    return sent(this.receive(from, this.probeAnswer(round, tail, term)), 'read')[0];
  }

  probeAnswer(round: number, tail: EntryId, term = tail.term): ProbeReply {
    return {
      kind: 'probeReply',
      round,
      term,
      tail,
      logStart: at(0, 0),
      commit: at(0, 0),
      configuration: { id: at(1, 1), configuration },
      leader: null,
      leaderLive: false,
      storage: 'ok',
    };
  }

  /** A donor's answer to `read`. */
  readReply(from: PeerKey, read: Read, answer: Partial<ReadReply>): WorkerEffects {
    const { request } = read;
    const nothing = { outcome: 'entries', batches: [], hint: ORIGIN, commit: ORIGIN } as const;
    return this.receive(from, { kind: 'readReply', request, ...nothing, ...answer });
  }
}

/** The messages of one kind among what was sent. */
export const sent = <Kind extends Message['kind']>({ sends }: WorkerEffects, kind: Kind) =>
  sends.flatMap(({ message }) => (message.kind === kind ? [message as Extract<Message, { kind: Kind }>] : []));
