import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { isScriptoriumError, type ScriptoriumError } from '../../src/errors.ts';
import { MachineHost, type MachineHostOptions } from '../../src/machine/host.ts';
import type { MachineBatch } from '../../src/machine/tasks.ts';
import { EntryWriter } from '../../src/wire/entries.ts';
import { decodeResults } from '../../src/wire/results.ts';

const RECORDER = new URL('./machines/recorder.js', import.meta.url);
const hosts: MachineHost[] = [];

async function start(options: Partial<MachineHostOptions> = {}): Promise<MachineHost> {
  const host = await MachineHost.start({ module: RECORDER, options: '#', ...options });
  hosts.push(host);
  return host;
}

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop();
});

function batch(firstIndex: number, ...commands: string[]): MachineBatch {
  const writer = new EntryWriter();
  for (const command of commands) writer.append(Buffer.from(command));
  return { firstIndex, term: 3, timestampMillis: 1000 + firstIndex, wantsResults: true, ...writer.take() };
}

const noop = (firstIndex: number): MachineBatch => ({
  firstIndex,
  term: 3,
  timestampMillis: 1000,
  count: 1,
  section: null,
  wantsResults: false,
});

async function applied(host: MachineHost, ...batches: MachineBatch[]): Promise<string[]> {
  const sections = await host.apply(batches);
  return sections.flatMap((section, position) =>
    section === null
      ? ['-']
      : decodeResults(section, batches[position]?.count ?? 0).map(
          ({ failed, bytes }) => `${failed ? 'failed: ' : ''}${Buffer.from(bytes)}`,
        ),
  );
}

const read = async (host: MachineHost, query = ''): Promise<string> => {
  const [answer] = await host.read([Buffer.from(query)]);
  if (!(answer instanceof Uint8Array)) throw answer;
  return Buffer.from(answer).toString();
};

const code = (expected: string) => (error: unknown) => isScriptoriumError(error) && error.code === expected;
const failed = code('STATE_MACHINE_FAILED');
const death = (host: MachineHost): Promise<ScriptoriumError> => new Promise((resolve) => host.onDeath(resolve));

test('entries are applied in order, with their index, term and logged time; results come back per batch', async () => {
  const host = await start();
  assert.deepEqual(await applied(host, noop(1), batch(2, 'a', 'b'), batch(4, 'c')), ['-', '#2', '#3', '#4']);
  assert.equal(host.appliedIndex, 4);
  assert.equal(await read(host), '2/3/1002:a 3/3/1002:b 4/3/1004:c');
});

test('calls made without waiting are served in order, and a read sees what was handed over before it', async () => {
  const host = await start();
  const calls: Promise<unknown>[] = [];
  for (let index = 1; index <= 300; index++) {
    calls.push(applied(host, batch(index, 'x')));
    calls.push(read(host).then((answer) => answer.split(' ').length));
  }
  const expected = Array.from({ length: 300 }, (_, position) => [[`#${position + 1}`], position + 1]);
  assert.deepEqual(await Promise.all(calls), expected.flat());
});

test('a gap and a repetition are refused, and the state goes on where it was', async () => {
  const host = await start();
  await host.apply([batch(1, 'a')]);
  await assert.rejects(host.apply([batch(3, 'c')]), failed);
  await assert.rejects(host.apply([batch(1, 'a')]), failed);
  await assert.rejects(host.apply([batch(2, 'b'), batch(2, 'b')]), failed);
  assert.deepEqual(await applied(host, batch(2, 'b')), ['#2']);
});

test('M01 R33 a command that throws has that as its result, and the log goes on', async () => {
  const host = await start();
  const results = await applied(host, batch(1, 'a', 'throw boom', 'throw-null', 'throw-trap', 'b'));
  assert.deepEqual(results, [
    '#1',
    'failed: boom',
    'failed: null',
    'failed: the state machine threw a value without a text',
    '#5',
  ]);
  assert.equal(host.incarnation, 1);
});

test('a query that throws fails alone', async () => {
  const host = await start();
  await host.apply([batch(1, 'a')]);
  const [first, second, third] = await host.read(['', 'throw boom', ''].map((query) => Buffer.from(query)));
  assert.ok(first instanceof Uint8Array && third instanceof Uint8Array);
  assert.ok(code('COMMAND_FAILED')(second));
  assert.match((second as Error).message, /boom/);
});

test('M03 an endless loop ends with its thread at the deadline; the next incarnation starts from nothing', async () => {
  const host = await start({ runDeadlineMillis: 1500 });
  await host.apply([batch(1, 'a')]);
  const died = death(host);
  await assert.rejects(host.apply([batch(2, 'loop')]), /STATE_MACHINE_FAILED|no progress/);
  assert.match((await died).message, /deadline of 1500 ms/);
  assert.equal(host.incarnation, 2);
  assert.equal(host.appliedIndex, 0);
  await assert.rejects(host.apply([batch(3, 'c')]), failed);
  assert.deepEqual(await applied(host, batch(1, 'again')), ['#1']);
  assert.equal(await read(host), '1/3/1001:again');
});

test('M03 an endless loop in a query ends the same way', async () => {
  const host = await start({ runDeadlineMillis: 1500 });
  await assert.rejects(read(host, 'loop'), failed);
  assert.equal(host.incarnation, 2);
});

test('M05 process.exit in the state machine: every pending call is told, and calls made meanwhile wait for the new thread', async () => {
  const host = await start();
  await host.apply([batch(1, 'a')]);
  const pending = [host.apply([batch(2, 'exit')]), host.apply([batch(3, 'b')])];
  const answers = host.read([Buffer.from('')]);
  const rebuilt = death(host).then(() => applied(host, batch(1, 'a'), batch(2, 'b')));
  for (const outcome of await Promise.allSettled(pending)) {
    assert.equal(outcome.status, 'rejected');
    assert.ok(failed(outcome.reason));
    assert.match(outcome.reason.message, /exited with code 7/);
  }
  assert.ok(code('NO_LEADER')((await answers)[0]), 'it was not asked, and may be asked again');
  assert.deepEqual(await rebuilt, ['#1', '#2']);
});

test('M06 the query that a thread died of is told apart from those beside it, and is not asked again', async () => {
  const host = await start();
  const asked = ['', 'exit', ''].map((query) => Buffer.from(query));
  const answers = await host.read(asked);
  assert.ok(answers.every(isScriptoriumError));
  assert.deepEqual(
    answers.map((answer) => answer.code),
    ['NO_LEADER', 'STATE_MACHINE_FAILED', 'NO_LEADER'],
  );
  assert.match(answers[1]?.message ?? '', /died over a query: .*exited with code 7/);
  await host.apply([batch(1, 'a')]);
  const [before, fatal, after] = await host.read(asked);
  assert.equal(host.incarnation, 2);
  assert.ok(failed(fatal));
  for (const answer of [before, after]) assert.equal(Buffer.from(answer as Uint8Array).toString(), '1/3/1001:a');
});

test('M06 the command that a thread died of is named by its index, in the middle of a run', async () => {
  const host = await start();
  const died = death(host);
  await assert.rejects(host.apply([noop(1), batch(2, 'a', 'b'), batch(4, 'c', 'exit', 'd')]), failed);
  assert.match((await died).message, /died at index 5: /);
});

test('M04 M05 a state machine out of memory takes down its thread only', async () => {
  const host = await start({ resourceLimits: { maxOldGenerationSizeMb: 24 } });
  await assert.rejects(host.apply([batch(1, 'out-of-memory')]), (error: unknown) => {
    return failed(error) && /memory/.test((error as Error).message);
  });
  assert.deepEqual(await applied(host, batch(1, 'a')), ['#1']);
});

test('M13 work that would go on after apply returned is refused as the result of that command', async () => {
  const host = await start();
  const results = await applied(host, batch(1, 'late', 'promise', 'a'));
  assert.match(results[0] ?? '', /^failed: setTimeout is not available in a state machine/);
  assert.match(results[1] ?? '', /^failed: .*not a Uint8Array/);
  assert.equal(results[2], '#3');
  assert.equal(host.incarnation, 1);
});

test('M11 odd results become failed results, never a broken answer', async () => {
  const host = await start();
  const kinds = ['string', 'function', 'proxy', 'pretender', 'huge', 'liar', 'nothing'];
  const results = await applied(host, batch(1, ...kinds.map((kind) => `return ${kind}`), 'a'));
  for (const result of results.slice(0, 4)) assert.match(result, /^failed: .*not a Uint8Array/);
  assert.match(results[4] ?? '', /^failed: .*4194305 bytes; the limit is 4194304/);
  assert.deepEqual(results.slice(5), ['\u0001\u0002\u0003', '', '#8']);
  const [largest] = await applied(host, batch(9, 'return largest'));
  assert.equal(largest?.length, 4 * 1024 * 1024);
});

/** Lengths of results; null: dropped. */
const lengths = (section: Uint8Array | null | undefined, count: number): (number | null)[] =>
  decodeResults(section as Uint8Array, count).map(({ failed, bytes }) =>
    failed && bytes.length === 0 ? null : bytes.length,
  );

test('M11 R33 of the results of one batch those are dropped that do not fit, and the same ones whatever it is run with', async () => {
  const largest = 4 * 1024 * 1024;
  const commands = [...Array<string>(3).fill('return largest'), 'a', 'return largest', 'throw', 'return largest', 'b'];
  const expected = [largest, largest, largest, 2, null, 47, null, 2];
  const alone = await start();
  const [section] = await alone.apply([batch(1, ...commands)]);
  assert.deepEqual(lengths(section, commands.length), expected);
  assert.equal(await read(alone), '4/3/1001:a 8/3/1001:b', 'all of them took effect');
  const together = await start();
  const again = await together.apply([batch(1, ...commands), batch(9, ...commands)]);
  for (const one of again) {
    const dropped = lengths(one, commands.length).map((length) => length === null);
    assert.deepEqual(
      dropped,
      expected.map((length) => length === null),
    );
  }
});

test('M11 results without bound kill no thread, and those that nobody wants are not collected', async () => {
  const host = await start();
  const commands = Array<string>(1_200).fill('return largest'); // more than any buffer holds
  const [unwanted, wanted] = await host.apply([
    { ...batch(1, ...commands), wantsResults: false },
    batch(1_201, ...commands),
  ]);
  assert.equal(unwanted, null);
  assert.equal(lengths(wanted, 1_200).filter((length) => length !== null).length, 4);
  assert.equal(host.incarnation, 1);
});

test('M11 a run of queries ends when its answers have become large, with one answer at least', async () => {
  const host = await start();
  const largest = Buffer.from('return largest');
  assert.equal((await host.read(Array<Buffer>(40).fill(largest))).length, 4);
  assert.equal((await host.read([largest])).length, 1);
});

test('M11 options that cannot be cloned, a missing module and a module without a factory are refused', async () => {
  await assert.rejects(MachineHost.start({ module: RECORDER, options: () => 1 }), failed);
  await assert.rejects(MachineHost.start({ module: new URL('./machines/absent.js', import.meta.url) }), failed);
  await assert.rejects(MachineHost.start({ module: new URL(import.meta.resolve('node:fs')) }), code('BAD_OPTION'));
  await assert.rejects(start({ runDeadlineMillis: 1 }), code('BAD_OPTION'));
});

test('M12 more runs than the bound are refused as OVERLOADED', async () => {
  const host = await start();
  const reads = Array.from({ length: 1025 }, () => host.read([Buffer.from('')]));
  const outcomes = await Promise.allSettled(reads);
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1024);
  const last = outcomes.at(-1);
  assert.ok(last?.status === 'rejected' && code('OVERLOADED')(last.reason));
});

test('stop tells what is unanswered, and nothing is taken afterwards', async () => {
  const host = await start();
  const pending = assert.rejects(host.apply([batch(1, 'loop')]), code('CLOSED'));
  await host.stop();
  await pending;
  await assert.rejects(host.read([Buffer.from('')]), code('CLOSED'));
});

test('an idle host does not keep its process alive', async () => {
  const { spawn } = await import('node:child_process');
  const host = new URL('../../src/machine/host.js', import.meta.url).href;
  const program = `const { MachineHost } = await import('${host}'); await MachineHost.start({ module: new URL('${RECORDER.href}') });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  const [exitCode] = await once(child, 'exit');
  assert.equal(exitCode, 0);
});
