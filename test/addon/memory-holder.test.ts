/** A process whose memory another one holds, and how the two end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { missing } from '../harness/command.ts';
import { until } from '../harness/until.ts';

/** The process, begun by `under` if anything, and what it says of itself first. */
async function launch(...under: readonly string[]) {
  const [program = '', ...rest] = [...under, process.execPath, join(import.meta.dirname, 'held.js')];
  const child = spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // a group of its own, to be killed as one
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async () => JSON.parse((await lines.next()).value as string);
  return { child, said, first: await said() };
}

async function start() {
  const { child, said, first } = await launch();
  const { holder, again, port } = first;
  assert.ok(holder > 0 && holder === again, 'one holder, however often it is asked for');
  const ended = until('the holder to end', () => (existsSync(`/proc/${holder}`) ? undefined : true));
  return { child, said, port: port as number, exited: once(child, 'exit'), ended };
}

for (const whom of ['the process', 'its whole group'] as const) {
  test(`R9: when ${whom} is killed its sockets close, and its holder ends after it`, async () => {
    const { child, port, exited, ended } = await start();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'data');
    socket.on('error', () => {}); // a reset is an end as well
    const closed = once(socket, 'close').then(() => 'closed');
    process.kill(whom === 'the process' ? child.pid! : -child.pid!, 'SIGKILL');
    assert.equal(await Promise.race([closed, ended.then(() => 'holder ended')]), 'closed');
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    await ended;
  });
}

test('a process whose memory is held has children and threads as ever, and ends with its own code', async () => {
  const { child, said, exited, ended } = await start();
  child.stdin.write('work\n');
  assert.deepEqual(await said(), { child: '42', length: 1e5 });
  child.stdin.write('exit\n');
  assert.deepEqual(await exited, [7, null]);
  await ended;
});

// Only since Linux 5.9 can the holder close what it was given; one that kept it would keep the pipe it waits on as well.
test('on a kernel that cannot close a range of files there is no holder', { skip: missing('strace') }, async () => {
  const inject = ['-f', '-e', 'inject=close_range:error=ENOSYS', '-o', '/dev/null'];
  const { child, first } = await launch('strace', ...inject);
  assert.deepEqual([first.holder, first.again], [0, 0]);
  child.stdin.write('exit\n');
  assert.deepEqual(await once(child, 'exit'), [7, null]);
});
