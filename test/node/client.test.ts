/** What a client says of its calls is true, whatever the worker at the other end does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MembershipChange } from '../../src/core/membership.ts';
import { ScriptoriumError } from '../../src/errors.ts';
import { Calls } from '../../src/node/calls.ts';
import { Client, type Proposed } from '../../src/node/client.ts';
import { type Failure, MAX_QUERY_BYTES, type ProposeRequest } from '../../src/wire/client-protocol.ts';
import { iterateEntries } from '../../src/wire/entries.ts';
import { encodeResults } from '../../src/wire/results.ts';
import { ScriptedWorker } from './scripted-worker.ts';

const FAILURE: Failure = {
  kind: 'failure',
  request: 0,
  code: 'NO_LEADER',
  outcome: 'not-executed',
  message: 'no',
  leader: null,
};
const bytes = (text: string): Uint8Array => Buffer.from(text);
const commandsOf = (request: ProposeRequest): string[] =>
  [...iterateEntries(request.section)].map((entry) => Buffer.from(entry).toString());
const nothing = (count: number): Uint8Array =>
  encodeResults(Array.from({ length: count }, () => ({ failed: false, bytes: new Uint8Array(0) })));
/** A call of somebody else's, passed on once. */
const passOn = (client: Client, name: string): Promise<Proposed> =>
  new Calls().start({}, (call) => client.passOn(call, [bytes(name)], name.length, (error) => call.reject(error)));

describe('a client', () => {
  test('C06: a command given up before there was a connection is not executed, and not sent when there is one', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const controller = new AbortController();
    const first = client.propose(bytes('first'), { signal: controller.signal });
    const second = client.propose(bytes('second'));
    const welcome = await worker.greeting();
    controller.abort();
    await assert.rejects(first, { code: 'DEADLINE_PASSED', outcome: 'not-executed' });
    welcome();
    worker.welcomeAll();
    const { request, answer } = await worker.request();
    assert.deepEqual(commandsOf(request as ProposeRequest), ['second']);
    answer({ kind: 'proposed', request: request.request, firstIndex: 5, count: 1, results: nothing(1) });
    assert.equal((await second).index, 5);
  });

  test('N05: results that are not those of the proposal leave its outcome unknown', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const proposed = client.propose(bytes('command'));
    worker.welcomeAll();
    const { request, answer } = await worker.request();
    answer({ kind: 'proposed', request: request.request, firstIndex: 5, count: 2, results: nothing(2) });
    await assert.rejects(proposed, { code: 'BAD_FRAME', outcome: 'unknown' });
  });

  test('addresses and a cluster id that are none are refused before anybody is dialled', async () => {
    const workers = ['127.0.0.1:7120'];
    for (const [option, bad] of [
      ['workers', { workers: [] }],
      ['workers', { workers: ['nowhere'] }],
      ['clusterId', { workers, clusterId: 'c1' }],
    ] as const)
      await assert.rejects(Client.connect(bad), { code: 'BAD_OPTION', message: new RegExp(`^${option}: `) });
  });

  test('C11: a deadline that is no time is refused with what may be given, and one that has passed as passed', async () => {
    await using client = await Client.connect({ workers: ['127.0.0.1:1'], transport: 'ws' });
    const proposed = (deadlineMillis: unknown): Promise<unknown> =>
      client.propose(bytes('command'), { deadlineMillis: deadlineMillis as number });
    for (const bad of [Number.NaN, '5', -1, null, Number.POSITIVE_INFINITY, 600_001]) {
      const refused = { code: 'BAD_OPTION', outcome: 'not-executed', message: /^deadlineMillis .*1 to 600000$/ };
      await assert.rejects(proposed(bad), refused, String(bad));
    }
    await assert.rejects(proposed(0), { code: 'DEADLINE_PASSED', outcome: 'not-executed' });
  });

  test('C04: what is no bytes is refused, and not written down as something else', async () => {
    await using client = await Client.connect({ workers: ['127.0.0.1:1'], transport: 'ws' });
    const none: unknown[] = ['text', [1, 2], new DataView(new ArrayBuffer(1)), 5, null, undefined];
    for (const bad of none as Uint8Array[]) {
      const refused = { code: 'BAD_OPTION', outcome: 'not-executed', message: /is a Uint8Array/ };
      await assert.rejects(client.propose(bad), refused);
      await assert.rejects(client.proposeBatch([bytes('good'), bad]), refused);
      await assert.rejects(client.read(bad), refused);
    }
    const notAnArray = new Set([bytes('command')]) as unknown as Uint8Array[];
    await assert.rejects(client.proposeBatch(notAnArray), { code: 'BAD_OPTION', outcome: 'not-executed' });
  });

  test('C04: a query beyond its bound is refused before it could break the link', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const tooLarge = client.read(new Uint8Array(MAX_QUERY_BYTES + 1));
    await assert.rejects(tooLarge, { code: 'TOO_LARGE', outcome: 'not-executed' });
  });

  test('M06: a query that a state machine may have died of is not asked again', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const read = client.read(bytes('query'));
    worker.welcomeAll();
    const { request, answer } = await worker.request();
    answer({ ...FAILURE, request: request.request, code: 'STATE_MACHINE_FAILED', outcome: 'unknown' });
    await assert.rejects(read, { code: 'STATE_MACHINE_FAILED' });
  });

  test('C04: calls of one turn that are too large for one batch together travel apart', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const large = Array.from({ length: 4 }, () => new Uint8Array(1024 * 1024 - 64));
    const calls = [client.propose(bytes('small')), client.proposeBatch(large)];
    worker.welcomeAll();
    for (const count of [1, 4]) {
      const { request, answer } = await worker.request();
      assert.equal((request as ProposeRequest).count, count);
      answer({ kind: 'proposed', request: request.request, firstIndex: 5, count, results: nothing(count) });
    }
    await Promise.all(calls);
  });

  test('C08: more than fits the outbox at once waits for room, and costs no link', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const large = new Uint8Array(1024 * 1024);
    const calls = Array.from({ length: 80 }, () => client.propose(large, { deadlineMillis: 60_000 }));
    const all = Promise.all(calls);
    worker.welcomeAll();
    const answered = (async () => {
      for (let firstIndex = 1; firstIndex <= calls.length; firstIndex++) {
        const { request, answer } = await worker.request();
        answer({ kind: 'proposed', request: request.request, firstIndex, count: 1, results: nothing(1) });
      }
    })();
    await Promise.race([all, answered]);
    assert.equal(new Set((await all).map(({ index }) => index)).size, 80);
  });

  test('C09: the leader that a refusal names is waited for alone: who refused must not be asked again before it is given up', async () => {
    await using other = await ScriptedWorker.start();
    await using leader = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [other.address], transport: 'ws' });
    const proposed = client.propose(bytes('command'));
    other.welcomeAll();
    const refused = await other.request();
    const { request } = refused.request;
    refused.answer({ ...FAILURE, request, code: 'NOT_LEADER', leader: leader.address });
    await leader.greeting(); // and it says nothing for now
    const order: string[] = [];
    const [, last] = await Promise.all([
      leader.parting().then(() => order.push('gives the named one up')),
      other.request().finally(() => order.push('asks the other again')),
    ]);
    assert.deepEqual(order, ['gives the named one up', 'asks the other again']);
    last.answer({
      kind: 'proposed',
      request: last.request.request,
      firstIndex: 5,
      count: 1,
      results: nothing(1),
    });
    assert.equal((await proposed).index, 5);
  });

  test('P09: who reaches only a worker that names a leader out of reach is told "not executed", and does not ask in a loop', async () => {
    const leader = await ScriptedWorker.start();
    const { address } = leader;
    await leader[Symbol.asyncDispose]();
    await using other = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [other.address], transport: 'ws' });
    const proposed = client.propose(bytes('command'), { deadlineMillis: 1_000 });
    let asked = 0;
    const refuse = async (): Promise<void> => {
      for (;;) {
        const { request, answer } = await other.request();
        asked += 1;
        answer({ ...FAILURE, request: request.request, code: 'NOT_LEADER', leader: address });
      }
    };
    const greet = async (): Promise<void> => {
      for (;;) (await other.greeting())();
    };
    void refuse();
    void greet();
    await assert.rejects(proposed, { code: 'DEADLINE_PASSED', outcome: 'not-executed' });
    assert.ok(asked > 1 && asked < 200, `asked ${asked} times in a second`);
  });

  test('N13: of what was passed on to a leader that is not asked any more, what has left is answered yet, and nothing else leaves', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const sent = passOn(client, 'sent');
    (await worker.greeting())();
    const { request, answer } = await worker.request();
    const gathered = passOn(client, 'gathered');
    client.closeWhenIdle();
    await assert.rejects(gathered, { code: 'UNREACHABLE', outcome: 'not-executed' });
    answer({ kind: 'proposed', request: request.request, firstIndex: 5, count: 1, results: nothing(1) });
    assert.equal((await sent).firstIndex, 5);
    await worker.parting();

    await using other = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const dialling = passOn(other, 'dialling');
    const welcome = await worker.greeting();
    other.closeWhenIdle();
    welcome();
    await assert.rejects(dialling, { code: 'UNREACHABLE', outcome: 'not-executed' });
    await worker.parting();
  });

  test('N13: what has left is answered yet, also by a leader that has named the next one to somebody else', async () => {
    await using worker = await ScriptedWorker.start();
    await using next = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const sent = passOn(client, 'sent');
    (await worker.greeting())();
    const first = await worker.request();
    const refused = passOn(client, 'refused');
    const second = await worker.request();
    second.answer({ ...FAILURE, request: second.request.request, code: 'NOT_LEADER', leader: next.address });
    await assert.rejects(refused, { code: 'NOT_LEADER', outcome: 'not-executed' });
    client.closeWhenIdle();
    first.answer({ kind: 'proposed', request: first.request.request, firstIndex: 5, count: 1, results: nothing(1) });
    assert.equal((await sent).firstIndex, 5);
    await worker.parting();
  });

  test('C06: what is under way when a client is closed is unknown if it has left, and else not executed', async () => {
    await using worker = await ScriptedWorker.start();
    const client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const sent = client.propose(bytes('sent'));
    (await worker.greeting())();
    await worker.request();
    const gathered = client.propose(bytes('gathered'));
    const closed = client.close();
    await assert.rejects(sent, { code: 'CLOSED', outcome: 'unknown' });
    await assert.rejects(gathered, { code: 'CLOSED', outcome: 'not-executed' });
    await closed;
  });

  test('R31: a worker whose log stops is not asked again where it names a leader', async () => {
    await using halted = await ScriptedWorker.start();
    await using leader = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [halted.address], transport: 'ws' });
    const proposed = client.propose(bytes('command'));
    (await halted.greeting())();
    const refused = await halted.request();
    refused.answer({ ...FAILURE, request: refused.request.request, code: 'HALTED', leader: leader.address });
    (await leader.greeting())();
    const { request, answer } = await leader.request();
    answer({ kind: 'proposed', request: request.request, firstIndex: 5, count: 1, results: nothing(1) });
    assert.equal((await proposed).index, 5);
  });

  test('a call that is settled is never tried again', async () => {
    const calls = new Calls();
    const refusal = new ScriptoriumError('NOT_LEADER', 'elsewhere');
    let tries = 0;
    const closed = calls.start({}, (call) => {
      call.reject(new ScriptoriumError('CLOSED', 'closed'));
      call.retry(refusal, 0, () => tries++);
    });
    await assert.rejects(closed, { code: 'CLOSED' });
    await calls.start<void>({}, (call) => call.retry(refusal, 0, () => call.resolve()));
    assert.equal(tries, 0);
  });

  test('P27: what is no change of the members is refused before it is sent', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const member = { scribeId: 'd', storageUuid: 'd', address: '127.0.0.1:1' };
    const noChanges: readonly unknown[] = [null, {}, { kind: 'bogus' }, { kind: 'add' }, { kind: 'add', member }];
    for (const change of noChanges)
      await assert.rejects(client.changeMembers(change as MembershipChange), {
        code: 'BAD_OPTION',
        outcome: 'not-executed',
        message: /^a change is \{ kind: add \|/,
      });
  });

  test('P27: a change of the members says what became of it, and is never sent again once it left', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const change = { kind: 'remove', scribeId: 'c' } as const;
    const answerNext = async (answer: Partial<Failure> | 'done') => {
      const { request, answer: reply } = await worker.request();
      assert.ok(request.kind === 'changeMembers');
      assert.deepEqual(request.change, change);
      if (answer === 'done') reply({ kind: 'membersChanged', request: request.request });
      else reply({ ...FAILURE, request: request.request, ...answer });
    };
    const done = client.changeMembers(change);
    worker.welcomeAll();
    // Refused without effect by one that does not lead: asked again.
    await answerNext({ code: 'NO_LEADER', outcome: 'not-executed' });
    await answerNext('done');
    await done;
    const refused = client.changeMembers(change);
    await answerNext({ code: 'CHANGE_REFUSED', outcome: 'not-executed', message: 'the last scribe cannot be removed' });
    await assert.rejects(refused, { code: 'CHANGE_REFUSED', outcome: 'not-executed', message: /last scribe/ });
    const lost = client.changeMembers(change);
    await answerNext({ code: 'LEADERSHIP_LOST', outcome: 'unknown' });
    await assert.rejects(lost, { code: 'LEADERSHIP_LOST', outcome: 'unknown' });
    const controller = new AbortController();
    const abandoned = client.changeMembers(change, { signal: controller.signal });
    await worker.request();
    controller.abort();
    await assert.rejects(abandoned, { code: 'ABORTED', outcome: 'unknown' });
  });
});
