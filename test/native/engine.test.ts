/** The engine's own tests, plain executables without Node: each of their sentences is reported as a test of this suite. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'native', 'test', 'run.sh');
/** A line of `run.sh` that reports one sentence. */
const REPORT = /^(ok|not ok) - (.*)$/;

test('the engine without Node', { timeout: 600_000 }, async (context) => {
  const child = spawn('sh', [SCRIPT, 'plain'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  let sentences = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, verdict, sentence] = REPORT.exec(line) ?? [];
    if (sentence === undefined) continue;
    sentences++;
    await context.test(sentence, () => assert.equal(verdict, 'ok'));
  }
  const [code] = await exited;
  assert.equal(code, 0, complaints);
  assert.ok(sentences > 0, 'at least one sentence was reported');
});
