/** Commands that make a cluster of their own remove it also when they are told to stop in the middle. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { type Finished, freeBasePort, start, temporary } from './program.ts';

/** Sends SIGINT when a line on standard error is matched by `begun`. */
async function interrupted(begun: RegExp, ...args: readonly string[]): Promise<Finished> {
  const child = start(...args);
  const said: string[] = [];
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  createInterface({ input: child.stderr! }).on('line', (line) => {
    said.push(line);
    if (begun.test(line)) child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr: said.join('\n') };
}

describe('told to stop', () => {
  const folder = temporary();
  const ports: string[] = [];
  before(async () => {
    ports.push('--base-port', String(await freeBasePort()));
  });
  after(() => folder.remove());

  test('bench removes its cluster, and reports nothing', async () => {
    const bench = ['bench', '--dir', folder.path, '--seconds', '60', '--allow-buffered', ...ports];
    const { code, stdout, stderr } = await interrupted(/^bench: /, ...bench);
    assert.match(stderr, /^scriptorium: ABORTED: told to stop/m);
    assert.deepEqual([code, stdout], [1, '']);
    assert.deepEqual(readdirSync(folder.path), []);
  });

  test('demo removes its cluster, and claims nothing', async () => {
    const { code, stdout, stderr } = await interrupted(/^1\/60 s /, 'demo', '--seconds', '60', ...ports);
    const [, directory = ''] = /^3 scribes, .* in (\/.*)$/m.exec(stderr) ?? [];
    assert.match(stderr, /^scriptorium: ABORTED: told to stop/m);
    assert.deepEqual([code, stdout], [1, '']);
    assert.notEqual(directory, '');
    assert.equal(existsSync(directory), false);
  });
});
