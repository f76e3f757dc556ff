/** Unsafe recovery on directories of scribes that do not run: what disks cannot read, disks that are full, and kill -9. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Configuration } from '../../src/core/types.ts';
import { type ClusterFile, createCluster, formatScribe, readClusterFile } from '../../src/node/cluster-file.ts';
import { planRecovery, recover } from '../../src/node/unsafe-recovery.ts';
import { inspectDirectory } from '../../src/storage/journal.ts';
import { encodeConfigurationBatch } from '../../src/wire/batch.ts';
import { run, start } from '../cli/program.ts';
import { alter } from '../e2e/inspection.ts';
import { mountMemory } from '../harness/mount.ts';
import { makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from '../journal/temporary.ts';

const MEBIBYTE = 1 << 20;
const SCRIBES = ['a', 'b', 'c', 'd', 'e'];
/** Entry 1 names the scribes; the others follow, one in each batch. */
const ENTRIES = 9;
const ENTRY_BYTES = 5000;

interface Lost {
  readonly file: ClusterFile;
  directoryOf(scribeId: string): string;
  /** The entries that a scribe's disk holds from 2 on, as they were written. */
  readonly entries: readonly Uint8Array[];
}

/** A cluster of five of which two are left, with equal logs. */
async function twoOfFive(entries = ENTRIES, entryBytes = ENTRY_BYTES): Promise<Lost> {
  const folder = temporaryDirectory();
  const file = createCluster(SCRIBES.map((scribeId, at) => ({ scribeId, address: `127.0.0.1:${1 + at}` })));
  const directoryOf = (scribeId: string): string => join(folder, scribeId);
  const written = Array.from({ length: entries - 1 }, (_, at) =>
    makeBatch({ term: 2, firstIndex: 2 + at, entryBytes }),
  );
  for (const scribeId of ['a', 'b']) {
    await formatScribe(file, scribeId, directoryOf(scribeId), { segmentBytes: SEGMENT_BYTES });
    const open = await TestJournal.open(directoryOf(scribeId));
    await open.durable(open.journal.saveHardState(0, { term: 3, votedFor: null }));
    for (const batch of written) await open.durable(open.journal.append(batch));
    await open.journal.close();
  }
  return { file, directoryOf, entries: written };
}

/** Turns a bit in the middle of this entry. */
async function flip(directory: string, index: number): Promise<void> {
  const { blocks, segments } = await inspectDirectory(directory, 100);
  const block = blocks.filter(({ bodyBytes }) => bodyBytes > ENTRY_BYTES)[index - 2]!;
  const { name } = segments.find(({ number }) => number === block.segment)!;
  alter(join(directory, name), block.offset + (ENTRY_BYTES >> 1), 1, (bytes) => {
    bytes[0]! ^= 0x10;
  });
}

/** Entries 2 to `last` of the new scribe are those of the old ones, and then comes the entry that names it alone. */
async function assertRecovered(lost: Lost, into: string, last: number): Promise<void> {
  const file = await readClusterFile(join(into, 'cluster.json'));
  assert.notEqual(file.clusterId, lost.file.clusterId);
  assert.deepEqual(file.recovered?.tail, { index: last, term: 2 });
  const { journal } = await TestJournal.open(join(into, file.scribes[0]!.scribeId));
  try {
    for (let index = 2; index <= last; index += 1)
      assert.deepEqual(await journal.read(0, index, 1), lost.entries[index - 2], `entry ${index}`);
    const { tail, hardState, configurations } = journal.group(0);
    assert.deepEqual(tail, { index: last + 1, term: 4 });
    assert.deepEqual(configurations, [1, last + 1]);
    assert.equal(hardState.term, 4, 'above all that survivors know');
  } finally {
    await journal.close();
  }
}

test('P31 S11: what the best disk cannot read is read from another one', async () => {
  const lost = await twoOfFive();
  const directories = ['a', 'b'].map(lost.directoryOf);
  await flip(directories[0]!, 4);
  await flip(directories[1]!, 7);
  const plan = await planRecovery(directories, false);
  assert.equal(plan.chosen.directory, directories[0]);
  assert.equal(plan.chosen.damaged, 1);
  assert.deepEqual(plan.through, { index: ENTRIES, term: 2 });
  const into = temporaryDirectory();
  await recover(plan, into, false);
  await assertRecovered(lost, into, ENTRIES);
});

test('P31 R31: the new log ends before an entry that no disk can read', async () => {
  const lost = await twoOfFive();
  const directories = ['a', 'b'].map(lost.directoryOf);
  for (const directory of directories) await flip(directory, 5);
  const plan = await planRecovery(directories, false);
  assert.deepEqual(plan.through, { index: 4, term: 2 });
  const { stdout } = await run('unsafe-recover', ...directories.flatMap((directory) => ['--from', directory]));
  assert.match(stdout, new RegExp(`can read entry 5: it would be lost, and all behind it to ${ENTRIES}`));
  assert.match(stdout, new RegExp(`--confirm-plan ${plan.confirmation}`));
  const into = temporaryDirectory();
  await recover(plan, into, false);
  await assertRecovered(lost, into, 4);
});

test('P31: a quorum that is left is refused, unless it would be halted for ever (R31)', async () => {
  const folder = temporaryDirectory();
  const file = createCluster([{ scribeId: 'a', address: '127.0.0.1:1' }]);
  const directory = join(folder, 'a');
  await formatScribe(file, 'a', directory, { segmentBytes: SEGMENT_BYTES });
  const open = await TestJournal.open(directory);
  const batches = [2, 3].map((firstIndex) => makeBatch({ term: 1, firstIndex, entryBytes: ENTRY_BYTES }));
  for (const batch of batches) await open.durable(open.journal.append(batch));
  await open.journal.close();
  await assert.rejects(planRecovery([directory], false), { code: 'CHANGE_REFUSED', message: /are a quorum/ });
  await flip(directory, 3);
  const plan = await planRecovery([directory], false);
  assert.deepEqual(plan.through, { index: 2, term: 1 });
  assert.deepEqual(plan.lost, []);
});

/** Appends to a scribe's log that these are the members. */
async function appendMembers(directory: string, configuration: Configuration): Promise<void> {
  const open = await TestJournal.open(directory);
  const place = { term: 2, firstIndex: ENTRIES + 1, timestampMillis: 1 };
  await open.durable(open.journal.append(encodeConfigurationBatch(place, configuration).bytes));
  await open.journal.close();
}

test('P31: in the middle of a change the log of a scribe that was to leave is gone on with', async () => {
  const lost = await twoOfFive();
  const { scribes } = lost.file;
  await appendMembers(lost.directoryOf('a'), { scribes: scribes.slice(1), outgoing: { scribes } });
  const plan = await planRecovery(['a', 'b'].map(lost.directoryOf), false);
  assert.equal(plan.chosen.identity.scribeId, 'a');
  const { scribes: made } = await recover(plan, temporaryDirectory(), false);
  assert.deepEqual(
    made.map(({ scribeId, address }) => [scribeId, address]),
    [['a', '127.0.0.1:1']],
  );
});

test('P31: the log of a scribe that was removed is refused before anything is confirmed', async () => {
  const lost = await twoOfFive();
  await appendMembers(lost.directoryOf('a'), { scribes: lost.file.scribes.slice(1) });
  const refusal = { code: 'CHANGE_REFUSED', message: /a is no voter by it.* name the others without it/ };
  await assert.rejects(planRecovery(['a', 'b'].map(lost.directoryOf), false), refusal);
});

test('P31: one disk is not taken for two', async () => {
  const { directoryOf } = await twoOfFive();
  const a = directoryOf('a');
  await assert.rejects(planRecovery([a, join(a, '.')], false), { code: 'BAD_OPTION', message: /named twice/ });
  const copied = join(temporaryDirectory(), 'copied');
  cpSync(a, copied, { recursive: true });
  await assert.rejects(planRecovery([a, copied], false), { code: 'BAD_OPTION', message: /copies of one disk/ });
});

/** More than the one segment for which there is room on a disk of that size. */
const LONG_LOG = 68;
const ONE_SEGMENT = 66 * MEBIBYTE;

test('P31 S27: a copy that fills the disk leaves nothing behind', async (context) => {
  const disk = temporaryDirectory();
  if (!mountMemory(context, disk, ONE_SEGMENT)) return;
  const lost = await twoOfFive(LONG_LOG, MEBIBYTE);
  const plan = await planRecovery([lost.directoryOf('a')], false);
  const into = join(disk, 'into');
  await assert.rejects(recover(plan, into, true), { code: 'NO_SPACE', outcome: 'not-executed' });
  assert.deepEqual(readdirSync(into), []);
  const elsewhere = temporaryDirectory();
  await recover(plan, elsewhere, false);
  await assertRecovered(lost, elsewhere, LONG_LOG);
});

/** Resolves when the directory that is made in `into` is formatted, and some of the log was written there. */
async function copyingIn(into: string, signal: AbortSignal): Promise<void> {
  for await (const _ of watch(into, { signal })) break;
  let writes = -1;
  for await (const { filename } of watch(join(into, 'a'), { signal })) {
    if (filename === 'IDENTITY') writes = 0;
    if (writes >= 0 && filename?.endsWith('.log') === true && ++writes === WRITES) break;
  }
}

/** Of the 67 that the copy takes. */
const WRITES = 10;

test('P31 S46: killed in the middle of the copy it leaves no cluster, and the old log as it was', async () => {
  const lost = await twoOfFive(LONG_LOG, MEBIBYTE);
  const from = lost.directoryOf('a');
  const { confirmation } = await planRecovery([from], false);
  const into = temporaryDirectory();
  const confirmed = ['--confirm-cluster', lost.file.clusterId, '--confirm-plan', confirmation];
  const copying = ['unsafe-recover', '--from', from, '--into', into, ...confirmed];
  const child = start(...copying);
  const ended = once(child, 'close');
  const watching = new AbortController();
  await Promise.race([copyingIn(into, watching.signal), ended]);
  watching.abort();
  child.kill('SIGKILL');
  await ended;
  assert.ok(!existsSync(join(into, 'cluster.json')), 'the copy was over before the signal came');
  const again = await run(...copying);
  assert.equal(again.code, 3, again.stderr);
  assert.match(again.stderr, /NOT_EMPTY: /);
  const plan = await planRecovery([from], false);
  assert.equal(plan.confirmation, confirmation);
  const elsewhere = temporaryDirectory();
  await recover(plan, elsewhere, false);
  await assertRecovered(lost, elsewhere, LONG_LOG);
});
