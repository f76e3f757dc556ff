/** Transcripts of one worker's machine: events in, effects out, for cases that no other test pins down. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects } from '../../src/core/effects.ts';
import type { Message, PeerKey, ProbeReply, Read } from '../../src/core/messages.ts';
import type { Batch, EntryId } from '../../src/core/types.ts';
import { WorkerMachine } from '../../src/core/worker.ts';

const SCRIBES = ['a', 'b', 'c'] as const;
const at = (index: number, term: number): EntryId => ({ index, term });
const configuration = {
  scribes: SCRIBES.map((name) => ({ scribeId: name, storageUuid: name, address: `${name}:1` })),
};

const batch = (firstIndex: number, term: number, kind: Batch['kind'] = 'command'): Batch => ({
  kind,
  term,
  firstIndex,
  count: 1,
  timestampMillis: 0,
  bytes: new Uint8Array(8),
  ...(kind === 'configuration' ? { configuration } : {}),
});

/** A worker with links to three scribes and another worker, and its own clock. */
class Bench {
  now = 0;
  readonly machine = new WorkerMachine({
    identity: { workerId: 'w', incarnation: 'w1', address: 'w:1' },
    configuration: { id: at(1, 1), configuration },
    options: {
      heartbeatMillis: 50,
      electionTimeoutMinMillis: 150,
      electionTimeoutMaxMillis: 300,
      windowBytes: 1000,
      maxInflightMessages: 8,
      maxInflightBytes: 1000,
      maxAppendBytes: 1000,
      maxUnappliedBytes: 1000,
    },
    random: () => 0.5,
    encodeNoop: (term, firstIndex) => batch(firstIndex, term, 'noop'),
    now: 0,
  });

  constructor() {
    for (const name of SCRIBES) {
      const peer = { role: 'scribe', storageUuid: name, scribeId: name } as const;
      this.machine.step({ kind: 'linkUp', from: `scribe:${name}`, peer }, 0);
    }
    const peer = { role: 'worker', identity: { workerId: 'v', incarnation: 'v1', address: 'v:1' } } as const;
    this.machine.step({ kind: 'linkUp', from: 'worker:v1', peer }, 0);
  }

  receive(from: PeerKey, message: Message): WorkerEffects {
    return this.machine.step({ kind: 'message', from, message }, this.now);
  }

  append(term: number, prev: EntryId, batches: readonly Batch[], commit: number): WorkerEffects {
    const incarnation = 'v1';
    return this.receive('worker:v1', {
      kind: 'append',
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

  probeReply(from: PeerKey, round: number, tail: EntryId): Read | undefined {
    const reply: ProbeReply = {
      kind: 'probeReply',
      round,
      term: tail.term,
      tail,
      logStart: at(0, 0),
      commit: at(0, 0),
      configuration: { id: at(1, 1), configuration },
      leader: null,
      leaderLive: false,
      storage: 'ok',
    };
    const read = this.receive(from, reply).sends.find(({ message }) => message.kind === 'read');
    return read?.message.kind === 'read' ? read.message : undefined;
  }
}

describe('a worker that accepted entries of a leader and then campaigns', () => {
  /** Entries 2 and 3 of term 5 accepted; then a donor that ends at 3@6 makes the candidate step back to entry 1. */
  const steppedBack = (): { bench: Bench; read: Read } => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1, 'configuration'), batch(2, 5), batch(3, 5)], 1);
    const round = bench.campaign();
    bench.probeReply('scribe:a', round, at(3, 6));
    const read = bench.probeReply('scribe:b', round, at(1, 1));
    assert.deepEqual(read?.prev, at(3, 5));
    const conflict = {
      kind: 'readReply',
      request: read.request,
      outcome: 'conflict',
      batches: [],
      hint: at(1, 1),
      commit: at(0, 0),
    } as const;
    const again = bench.receive('scribe:a', conflict);
    assert.equal(again.truncatedFrom, 2);
    const next = again.sends.find(({ message }) => message.kind === 'read')?.message as Read;
    return { bench, read: next };
  };

  test('R17: catching up elsewhere takes back what was accepted, so the same leader may go on', () => {
    const { bench } = steppedBack();
    const { sends } = bench.append(5, at(3, 5), [], 3);
    assert.deepEqual(
      sends.flatMap(({ message }) => (message.kind === 'appendReply' ? [message.conflict] : [])),
      [at(1, 1)],
    );
  });

  test('R17: a commit index does not reach entries that took the place of accepted ones', () => {
    const { bench, read } = steppedBack();
    const batches = [batch(2, 6), batch(3, 6)];
    bench.receive('scribe:a', {
      kind: 'readReply',
      request: read.request,
      outcome: 'entries',
      batches,
      hint: at(0, 0),
      commit: at(0, 0),
    });
    assert.deepEqual(bench.machine.tail, at(3, 6));
    // The leader of term 5 was thought gone and is not; it knows entries 2 and 3, its own, to be committed.
    const { commits } = bench.append(5, at(1, 1), [], 3);
    assert.deepEqual(commits, []);
    assert.equal(bench.machine.commit, 1);
  });
});

describe('a learner', () => {
  test('R15: answers every probing append, however often the leader starts over', () => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1, 'configuration'), batch(2, 5)], 1);
    const probe = {
      kind: 'append',
      term: 5,
      incarnation: 'v1',
      prev: at(2, 5),
      batches: [],
      commit: 1,
      round: 0,
    } as const;
    const answers = ({ sends }: WorkerEffects): EntryId[] =>
      sends.flatMap(({ message }) => (message.kind === 'appendReply' ? [message.durable] : []));
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(answers(bench.receive('worker:v1', { ...probe, echo: true })), [at(2, 5)]);
      assert.deepEqual(answers(bench.receive('worker:v1', { ...probe, echo: false })), []);
    }
  });
});
