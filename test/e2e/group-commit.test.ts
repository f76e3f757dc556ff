/** What a scribe asks of its disk under load, as the kernel sees it: one fsync for many acknowledged entries. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { missing } from '../harness/command.ts';

const OUTSTANDING = 1000;
const ENTRIES = 50_000;
const CALLS = 'fdatasync,fsync,pwrite64,pwritev2,pwritev,io_uring_enter';
/** One block made durable, in whichever write mode: a ring is given one write at a time. */
const DURABLE = /\b(fdatasync\(|fsync\(|pwritev2\(.*RWF_DSYNC|io_uring_enter\(\d+, 1,)/;

/** Follows a process and its threads until it is interrupted; resolves when it is attached. */
async function attachStrace(pid: number, output: string): Promise<() => Promise<void>> {
  const strace = spawn('strace', ['-f', '-e', `trace=${CALLS}`, '-o', output, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [attached] = (await once(strace.stderr, 'data')) as [Buffer];
  assert.match(attached.toString(), /attached/);
  return async () => {
    strace.kill('SIGINT');
    await once(strace, 'exit');
  };
}

test('a scribe syncs far less often than it acknowledges', { skip: missing('strace') }, async (context) => {
  await Cluster.with({ workers: 1 }, async (cluster) => {
    const [scribe] = cluster.scribes;
    assert.ok(scribe !== undefined);
    const output = join(cluster.directory, 'strace.txt');
    await using client = await Client.connect({ workers: cluster.workers.map(({ address }) => address) });
    const detach = await attachStrace(cluster.process(scribe.id).pid, output);
    let left = ENTRIES;
    const value = Buffer.alloc(256, 1);
    const propose = async (): Promise<void> => {
      while (left-- > 0) await client.propose(value).catch(ignoreRefusedCommand);
    };
    await Promise.all(Array.from({ length: OUTSTANDING }, propose));
    await detach();
    const calls = (await readFile(output, 'utf8')).split('\n');
    const syncs = calls.filter((line) => DURABLE.test(line)).length;
    context.diagnostic(`${ENTRIES} entries: ${syncs} durable writes, ${(syncs / ENTRIES).toFixed(4)} an entry`);
    assert.ok(syncs > 0, 'the scribe was seen to sync');
    assert.ok(syncs < ENTRIES / 10, `${syncs} durable writes for ${ENTRIES} entries`);
  });
});

/** The bytes are no command of the key-value store: committed, applied and answered with an error (R33). */
function ignoreRefusedCommand(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'COMMAND_FAILED')) throw error;
}
