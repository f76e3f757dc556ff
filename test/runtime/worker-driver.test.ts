/** A worker's driver on a clock that a test moves: what waits in it is answered, whatever becomes of the leader it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerEvent } from '../../src/core/effects.ts';
import { type Message, type PeerKey, scribeKey } from '../../src/core/messages.ts';
import { type EntryId, ORIGIN } from '../../src/core/types.ts';
import { MachineHost } from '../../src/machine/host.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Settlement } from '../../src/runtime/proposals.ts';
import { WorkerDriver } from '../../src/runtime/worker-driver.ts';
import { ManualClock } from '../manual-clock.ts';

const RECORDER = new URL('../machine/machines/recorder.js', import.meta.url);
const NAMES = ['a', 'b', 'c'];
const TIMEOUT_MILLIS = { least: 150, most: 300 };
const QUEUED_BYTES = 1 << 20;
const PATIENCE_MILLIS = 5_000;
/** A name is a hex digit. */
const uuidOf = (name: string): string => name.repeat(32);
const memberOf = (name: string) => ({ scribeId: name, storageUuid: uuidOf(name), address: `${name}:1` });
const configuration = { id: { index: 1, term: 1 }, configuration: { scribes: NAMES.map(memberOf) } };

/** A driver with links to three scribes that answer as the test says, and proposals by name. */
class Driven {
  readonly clock = new ManualClock();
  readonly settled = new Map<string, Settlement>();
  readonly driver: WorkerDriver;
  readonly #sent: { readonly to: PeerKey; readonly message: Message }[] = [];

  constructor(host: MachineHost) {
    this.driver = new WorkerDriver({
      identity: { workerId: 'w', incarnation: 'w1', address: 'w:1' },
      configuration,
      contacts: [],
      timing: {
        heartbeatMillis: 50,
        electionTimeoutMinMillis: TIMEOUT_MILLIS.least,
        electionTimeoutMaxMillis: TIMEOUT_MILLIS.most,
        leaseMillis: 0,
        clockDrift: 0.05,
        windowBytes: 1 << 20,
        maxInflightMessages: 8,
        maxInflightBytes: 1 << 20,
        maxAppendBytes: 1 << 20,
        maxFedLearners: 4,
        maxUnappliedBytes: 1 << 20,
      },
      proposals: { maxBatchBytes: 1 << 16, maxQueuedBytes: QUEUED_BYTES },
      host,
      clock: this.clock,
      log: silentLog,
      send: (to, message) => this.#sent.push({ to, message }) > 0,
      want: () => undefined,
      failed: (error) => assert.fail(String(error)),
    });
    for (const name of NAMES) {
      const peer = { role: 'scribe', storageUuid: uuidOf(name), scribeId: name } as const;
      this.driver.step({ kind: 'linkUp', from: scribeKey(uuidOf(name)), peer });
    }
  }

  /** Elected by scribes a and b, whose logs are empty; what it opens its term with is committed. */
  lead(): void {
    let round = -1;
    while (round < 0) {
      this.clock.advance(10);
      for (const { message } of this.#sent) if (message.kind === 'probe') round = message.round;
    }
    for (const name of ['a', 'b'])
      this.#hear(name, {
        kind: 'probeReply',
        round,
        term: 0,
        tail: ORIGIN,
        logStart: ORIGIN,
        commit: ORIGIN,
        configuration,
        leader: null,
        leaderLive: false,
        storage: 'ok',
      });
    for (const name of ['a', 'b'])
      this.#hear(name, { kind: 'voteReply', requestTerm: 1, term: 1, reason: 'granted', tail: ORIGIN });
    this.acknowledge({ index: 1, term: 1 });
    assert.equal(this.driver.role, 'leader');
  }

  acknowledge(durable: EntryId): void {
    for (const name of ['a', 'b'])
      this.#hear(name, {
        kind: 'appendReply',
        term: 1,
        incarnation: 'w1',
        durable,
        conflict: null,
        round: 0,
        leaseMillis: 0,
        writeMicros: 0,
        fsyncMicros: 0,
      });
  }

  /** Resolves when the turn is over, and a batch is on its way if one can be. */
  async propose(name: string): Promise<void> {
    const settle = (settlement: Settlement): void => {
      assert.ok(!this.settled.has(name), `${name} is settled twice`);
      this.settled.set(name, settlement);
    };
    const command = Buffer.from(name);
    this.driver.propose({ count: 1, settle }, 4 + command.length, (writer) => writer.append(command), 1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }

  #hear(name: string, message: Message): void {
    const event: WorkerEvent = { kind: 'message', from: scribeKey(uuidOf(name)), message };
    this.driver.step(event);
  }
}

test('P09: what waits behind a batch in flight when a leader loses contact is refused in time, and not executed', async () => {
  const host = await MachineHost.start({ module: RECORDER, options: '#' });
  const driven = new Driven(host);
  driven.lead();
  await driven.propose('in flight');
  await driven.propose('waits');
  driven.clock.advance(2 * TIMEOUT_MILLIS.most);
  assert.equal(driven.driver.role, 'learner');
  const refused = driven.settled.get('waits');
  assert.ok(refused?.kind === 'failed', 'nothing was said');
  assert.equal(refused.error.outcome, 'not-executed');
  assert.equal(driven.settled.has('in flight'), false);
  driven.driver.stop();
  await host.stop();
});

test('N05: queries that wait are bounded together, and what is beyond the bound is refused', async () => {
  const host = await MachineHost.start({ module: RECORDER, options: '#' });
  const driven = new Driven(host);
  driven.lead();
  const half = Buffer.alloc(QUEUED_BYTES / 2);
  const waiting = [half, half].map((query) => driven.driver.read(query, PATIENCE_MILLIS));
  const last = driven.driver.read(Buffer.from('?'), PATIENCE_MILLIS);
  driven.driver.stop();
  await assert.rejects(last, { code: 'OVERLOADED', outcome: 'not-executed' });
  for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, 'rejected');
  await host.stop();
});

test('P27: a change that could not be finished without a scribe that is down is refused, and appends nothing', async () => {
  const host = await MachineHost.start({ module: RECORDER, options: '#' });
  const { driver } = leadingWithout('c', host);
  const { tail } = driver;
  const remove = (scribeId: string): Promise<void> => driver.changeMembers({ kind: 'remove', scribeId });
  const message = /of the 2 scribes there would be 2 must commit, and c at c:1 cannot be reached/;
  await assert.rejects(remove('a'), { code: 'CHANGE_REFUSED', outcome: 'not-executed', message });
  assert.deepEqual(driver.tail, tail);
  const removed = remove('c');
  assert.equal(driver.tail.index, tail.index + 1);
  driver.stop();
  await assert.rejects(removed, { code: 'LEADERSHIP_LOST' });
  await host.stop();
});

test('P27: a newcomer is counted as there, though it is not reached yet', async () => {
  const host = await MachineHost.start({ module: RECORDER, options: '#' });
  const { driver } = leadingWithout('c', host);
  const added = driver.changeMembers({ kind: 'add', member: memberOf('d') });
  assert.equal(driver.configuration.configuration.target?.scribes.length, 4);
  driver.stop();
  await assert.rejects(added, { code: 'LEADERSHIP_LOST' });
  await host.stop();
});

function leadingWithout(scribeId: string, host: MachineHost): Driven {
  const driven = new Driven(host);
  driven.lead();
  driven.driver.step({ kind: 'linkDown', from: scribeKey(uuidOf(scribeId)) });
  return driven;
}
