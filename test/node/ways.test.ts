/** What was passed on to a leader is answered by that leader, whoever has led since. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Calls } from '../../src/node/calls.ts';
import type { Proposed } from '../../src/node/client.ts';
import { Ways } from '../../src/node/ways.ts';
import { encodeResults } from '../../src/wire/results.ts';
import { CLUSTER, ScriptedWorker } from './scripted-worker.ts';

const NOTHING = encodeResults([{ failed: false, bytes: new Uint8Array(0) }]);

/** Passed on to the leader at `address`, as a worker does. */
const passOn = (ways: Ways, address: string, name: string): Promise<Proposed> =>
  new Calls().start({}, (call) => {
    void ways.to(address).then((client) => {
      client.passOn(call, [Buffer.from(name)], name.length, (error) => call.reject(error));
    });
  });

describe('the ways to leaders elsewhere', () => {
  test('N13: a leader that lost the lead and got it back answers what it was sent before', async () => {
    await using one = await ScriptedWorker.start();
    await using other = await ScriptedWorker.start();
    one.welcomeAll();
    other.welcomeAll();
    const ways = new Ways(CLUSTER);
    const calls: Promise<Proposed>[] = [];
    const asked: Awaited<ReturnType<ScriptedWorker['request']>>[] = [];
    for (const leader of [one, other, one, other, one]) {
      calls.push(passOn(ways, leader.address, 'command'));
      asked.push(await leader.request());
    }
    for (const [position, { request, answer }] of asked.entries())
      answer({ kind: 'proposed', request: request.request, firstIndex: 10 + position, count: 1, results: NOTHING });
    const answers = await Promise.all(calls);
    assert.deepEqual(
      answers.map(({ firstIndex }) => firstIndex),
      [10, 11, 12, 13, 14],
    );
    await ways.close();
  });

  test('N13: leaders that come and go without end do not keep more than so many links open', async () => {
    await using one = await ScriptedWorker.start();
    await using other = await ScriptedWorker.start();
    one.welcomeAll();
    other.welcomeAll();
    const ways = new Ways(CLUSTER);
    const oldest = assert.rejects(passOn(ways, one.address, 'command'), {
      code: 'CONNECTION_LOST',
      outcome: 'unknown',
    });
    await one.request();
    const parted = one.parting();
    const rest: Promise<void>[] = [];
    for (let changes = 0; changes < 10; changes++) {
      const leader = changes % 2 === 0 ? other : one;
      rest.push(assert.rejects(passOn(ways, leader.address, 'command'), { outcome: 'unknown' }));
      await leader.request();
    }
    await parted;
    await oldest;
    await ways.close();
    await Promise.all(rest);
  });
});
