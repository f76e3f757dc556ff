/** Feeding a real state machine: what is committed is applied, however much is being read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/core/types.ts';
import type { ScriptoriumError } from '../../src/errors.ts';
import { MachineHost } from '../../src/machine/host.ts';
import { Applier } from '../../src/runtime/applier.ts';
import { encodeBatch } from '../../src/wire/batch.ts';
import { encodeEntry } from '../../src/wire/entries.ts';
import { ManualClock } from '../manual-clock.ts';

const RECORDER = new URL('../machine/machines/recorder.js', import.meta.url);

const PATIENCE = 1_000;

const command = (firstIndex: number, text: string): Batch =>
  encodeBatch({
    kind: 'command',
    term: 1,
    firstIndex,
    timestampMillis: 1,
    count: 1,
    body: encodeEntry(Buffer.from(text)),
  });

async function start() {
  const host = await MachineHost.start({ module: RECORDER, options: '#' });
  const clock = new ManualClock();
  let settle: (index: number) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const applied = new Promise<number>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  let died: (error: unknown) => void = () => undefined;
  const death = new Promise<unknown>((resolve) => {
    died = resolve;
  });
  const applier = new Applier(host, clock, {
    wantsResults: () => true,
    applied: () => settle(applier.applied),
    failed: (error) => {
      applier.stop(error); // as its owner does
      died(error);
      fail(error);
    },
  });
  return { host, clock, applier, applied, death };
}

test('M12: reads that come faster than they are answered never keep a committed batch from being applied', async () => {
  const { host, applier, applied } = await start();
  const reads: Promise<Uint8Array>[] = [];
  for (let count = 0; count < 1100; count++) {
    reads.push(applier.query(0, Buffer.from('?'), PATIENCE));
    await Promise.resolve(); // each in a turn of its own, all before the thread's first answer
    await Promise.resolve();
  }
  applier.push([command(1, 'x')]);
  assert.equal(await applied, 1);
  await Promise.all(reads);
  await host.stop();
});

test('M12: queries whose answers do not fit one run together are answered by the next ones', async () => {
  const { host, applier } = await start();
  const answers = Array.from({ length: 9 }, () => applier.query(0, Buffer.from('return largest'), PATIENCE));
  for (const { length } of await Promise.all(answers)) assert.equal(length, 4 * 1024 * 1024);
  await host.stop();
});

test('C11: a query that waits for what is never applied is given up when nobody waits for it any more', async () => {
  const { host, clock, applier, applied } = await start();
  const late = assert.rejects(applier.query(9, Buffer.from('?'), PATIENCE), {
    code: 'DEADLINE_EXCEEDED',
    outcome: 'not-executed',
  });
  const patient = applier.query(1, Buffer.from('?'), 10 * PATIENCE);
  clock.advance(2 * PATIENCE);
  await late;
  applier.push([command(1, 'x')]);
  await applied;
  assert.equal(Buffer.from(await patient).toString(), '1/1/1:x');
  clock.advance(PATIENCE);
  assert.deepEqual(clock.pending, [], 'nothing is looked through where nothing waits');
  await host.stop();
});

test('a query that comes after the end is refused at once', async () => {
  const { host, applier } = await start();
  applier.stop(new Error('over'));
  await assert.rejects(applier.query(9, Buffer.from('?'), PATIENCE), { message: 'over' });
  await host.stop();
});

test("R19 M05: a thread that dies over a query is the end: nothing is read from the next one's empty state", async () => {
  const { host, applier, applied, death } = await start();
  applier.push([command(1, 'x')]);
  assert.equal(await applied, 1);
  const dead = { code: 'STATE_MACHINE_FAILED' };
  await assert.rejects(applier.query(1, Buffer.from('exit'), PATIENCE), dead);
  await assert.rejects(applier.query(1, Buffer.from(''), PATIENCE), dead);
  assert.equal(((await death) as ScriptoriumError).code, dead.code);
  await host.stop();
});
