/** Child processes and the file they print to: what a child said last counts, of this start and of no other. */
import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MemberProcess } from '../../src/node/member-process.ts';
import { scratchDirectory } from '../harness/scratch.ts';

function child(context: TestContext, program: string) {
  const scratch = scratchDirectory();
  context.after(() => scratch.remove());
  const script = join(scratch.path, 'child.mjs');
  writeFileSync(script, program);
  return { id: 'child', args: [script], logFile: join(scratch.path, 'child.log') };
}

test('a child whose log was removed may end: that ends nobody else', async (context) => {
  const options = child(context, "process.send({ ready: { port: 1 } }); process.once('disconnect', () => {});");
  const member = await MemberProcess.start(options);
  assert.deepEqual(member.told, { port: 1 });
  rmSync(options.logFile);
  member.kill('SIGKILL');
  assert.deepEqual(await member.exited, { code: null, signal: 'SIGKILL' });
  await new Promise((resolve) => setImmediate(resolve)); // a rejection that nobody handles would fail this test by now
});

test('the last line of a child that cannot start is its error', async (context) => {
  const options = child(context, "console.error('scriptorium: LOCKED: by another'); process.exit(3);");
  await assert.rejects(MemberProcess.start(options), { code: 'LOCKED', message: 'child: by another' });
});

test('the last line of an earlier start is not taken for the error of this one', async (context) => {
  const options = child(context, "process.kill(process.pid, 'SIGKILL');");
  appendFileSync(options.logFile, 'scriptorium: LOCKED: by another\n');
  await assert.rejects(MemberProcess.start(options), { code: 'IO_ERROR', message: /ended with SIGKILL/ });
});
