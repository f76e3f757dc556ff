/** Every way of making blocks durable keeps the same promise, on the real disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isScriptoriumError } from '../../src/errors.ts';
import { Journal, type JournalOptions } from '../../src/storage/journal.ts';
import { freshJournal, IDENTITY, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

const MODES = ['io_uring', 'dsync', 'fdatasync'] as const;
/** Enough small batches for several blocks in flight, and long ones between them. */
const BATCHES = Array.from({ length: 400 }, (_, at) =>
  makeBatch({ firstIndex: at + 1, entryBytes: at % 25 === 0 ? 200_000 : 100 }),
);

async function formatted(): Promise<string> {
  const directory = temporaryDirectory();
  await Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES });
  return directory;
}

/** Null where this machine does not offer the mode: containers often forbid io_uring. */
async function openIn(writeMode: (typeof MODES)[number], options: Partial<JournalOptions> = {}) {
  const directory = await formatted();
  try {
    return { directory, opened: await TestJournal.open(directory, { writeMode, ...options }) };
  } catch (error) {
    if (isScriptoriumError(error) && error.code === 'BAD_OPTION' && writeMode === 'io_uring') return null;
    throw error;
  }
}

for (const writeMode of MODES) {
  test(`S30 S37: with ${writeMode} all that is acknowledged, block by block, is there again`, async (context) => {
    const made = await openIn(writeMode);
    if (made === null) return context.skip('not to be had on this machine');
    const { directory, opened } = made;
    assert.equal(opened.journal.stats().writeMode, writeMode);
    assert.equal(opened.journal.stats().blocksInFlight, writeMode === 'io_uring' ? 4 : 1);
    // A block for each tick, so that several are on their way.
    for (const batch of BATCHES) {
      opened.journal.append(batch);
      await new Promise(setImmediate);
    }
    await opened.durable(opened.journal.append(makeBatch({ firstIndex: BATCHES.length + 1 })));
    assert.deepEqual(
      Buffer.from(await opened.journal.read(0, 1, 1 << 24)).subarray(0, 200_060),
      Buffer.from(BATCHES[0] as Uint8Array),
    );
    await opened.journal.close();
    const again = await TestJournal.open(directory);
    context.after(() => again.journal.close());
    const bytes = Buffer.from(await again.journal.read(0, 1, 1 << 26));
    assert.deepEqual(bytes.subarray(0, bytes.length - 92), Buffer.concat(BATCHES));
  });
}

test('the mode is the first that works unless one is demanded, and nonsense is refused', async (context) => {
  const directory = await formatted();
  const { journal } = await TestJournal.open(directory);
  context.after(() => journal.close());
  assert.ok(MODES.includes(journal.stats().writeMode));
  const other = await formatted();
  for (const wrong of [{ writeMode: 'fsync' }, { blocksInFlight: 0 }, { blocksInFlight: 65 }, { lingerMicros: 1e7 }]) {
    await assert.rejects(TestJournal.open(other, wrong as object), { code: 'BAD_OPTION' });
  }
});

test('blocks that linger leave when enough bytes wait, and by themselves when nothing more comes', async () => {
  for (const writeMode of MODES) {
    const made = await openIn(writeMode, { lingerMicros: 20_000, lingerBytes: 5000 });
    if (made === null) continue;
    const { journal } = made.opened;
    const before = journal.stats().blocks;
    for (let index = 1; index <= 10; index++) {
      journal.append(makeBatch({ firstIndex: index }));
      await new Promise(setImmediate);
    }
    await made.opened.durable(journal.append(makeBatch({ firstIndex: 11 })));
    assert.equal(journal.stats().blocks, before + 1, `${writeMode}: eleven ticks, one block`);
    await made.opened.durable(journal.append(makeBatch({ firstIndex: 12, entryBytes: 6000 })));
    await journal.close();
  }
});

test('recent batches are read from memory, older ones from the disk, and both are the same', async (context) => {
  const opened = await TestJournal.open(await formatted(), { windowBytes: 300_000 });
  const { journal } = opened;
  context.after(() => journal.close());
  for (const batch of BATCHES) await opened.durable(journal.append(batch));
  for (const at of [0, 1, 200, 398, 399]) {
    assert.deepEqual(Buffer.from(await journal.read(0, at + 1, 1)), Buffer.from(BATCHES[at] as Uint8Array));
  }
});

test('batches of several groups are sealed and appended in one call, all or none', async (context) => {
  const opened = await freshJournal(temporaryDirectory());
  const { journal } = opened;
  context.after(() => journal.close());
  const whole = [1, 2, 3].map((group) => makeBatch({ group, firstIndex: 1, count: group }));
  const unsealed = Buffer.concat(whole);
  let offset = 0;
  for (const batch of whole) {
    unsealed.fill(0xee, offset + 48, offset + 56);
    offset += batch.length;
  }
  const staged = new Uint8Array(offset + 1000);
  staged.set(unsealed);
  await opened.durable(journal.sealAndAppend(staged, offset));
  for (const [at, batch] of whole.entries()) {
    assert.deepEqual(Buffer.from(await journal.read(at + 1, 1, 1)), Buffer.from(batch));
  }
  assert.throws(() => journal.sealAndAppend(staged, offset), { code: 'BAD_OPTION' }, 'they are there already');
  assert.throws(() => journal.sealAndAppend(staged, 0), { code: 'BAD_BATCH' });
  assert.throws(() => journal.sealAndAppend(staged, offset + 1), { code: 'BAD_BATCH' });
  assert.throws(() => journal.sealAndAppend(staged, staged.length + 1), { code: 'BAD_OPTION' });
  staged[4] = 9;
  assert.throws(() => journal.sealAndAppend(staged, offset), { code: 'BAD_BATCH' });
});
