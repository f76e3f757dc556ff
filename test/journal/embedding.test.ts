/** The journal alone: what a program loads that wants only the log, and the example that shows how to use it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DurableQueue } from '../../examples/durable-queue.ts';
import { temporaryDirectory } from './temporary.ts';

/** Addresses of all scripts that a process has loaded after importing `module`, as the engine's debugger saw them. */
function scriptsLoadedBy(module: string): string[] {
  const program = `
    import { Session } from 'node:inspector';
    const session = new Session();
    session.connect();
    const urls = [];
    session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url));
    session.post('Debugger.enable');
    await import(${JSON.stringify(module)});
    console.log(urls.join('\\n'));
  `;
  const args = ['--input-type=module', '--eval', program];
  return execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' }).split('\n');
}

test('scriptorium/journal loads neither network, nor threads, nor logger', () => {
  const packagesOf = (urls: string[]): string[] => [
    ...new Set(urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])),
  ];
  const whole = packagesOf(scriptsLoadedBy('scriptorium'));
  for (const name of ['ws', 'piscina', 'pino'])
    assert.ok(whole.includes(name), `${name} is not seen where it is loaded`);
  const scripts = scriptsLoadedBy('scriptorium/journal');
  assert.ok(scripts.some((url) => url.endsWith('/src/journal.js')));
  assert.deepEqual(packagesOf(scripts), ['node-gyp-build']);
});

test('the example is a queue: in order, at least once, over restarts', async () => {
  const directory = join(temporaryDirectory(), 'queue');
  const first = await DurableQueue.open(directory);
  await Promise.all(['one', 'two', 'three'].map((task) => first.put(task)));
  const done: string[] = [];
  const died = new Error('died in the middle of a task');
  const work = first.work(async (task) => {
    if (task === 'two') throw died;
    done.push(task);
  });
  await assert.rejects(work, died);
  await first.close();

  const second = await DurableQueue.open(directory);
  assert.equal(second.size, 2);
  const enough = new AbortController();
  const handle = async (task: string): Promise<void> => {
    done.push(task);
    if (task === 'four') enough.abort();
  };
  const rest = second.work(handle, { live: true, signal: enough.signal });
  await second.put('four');
  await assert.rejects(rest, { code: 'ABORTED' });
  assert.equal(second.size, 0);
  assert.deepEqual(done, ['one', 'two', 'three', 'four']);
  await second.close();
});

test('the example is a program: it works on what was put before, and ends', () => {
  const directory = join(temporaryDirectory(), 'queue');
  const program = fileURLToPath(new URL('../../examples/durable-queue.js', import.meta.url));
  const queue = (...args: string[]): string =>
    execFileSync(process.execPath, [program, directory, ...args], { encoding: 'utf8' });
  for (const task of ['feed the cat', 'let it out']) assert.equal(queue('put', ...task.split(' ')), '');
  assert.equal(queue('work'), 'feed the cat\nlet it out\n');
  assert.equal(queue('work'), '');
});
