/**
 * The code that runs for every batch or every entry, alone: checksums, building, walking and decoding, and the promise of an
 * append. A figure here is worth a look when a larger benchmark changed, and nothing by itself.
 *
 *   node dist/bench/micro/hot-paths.js
 */
import { Bench } from 'tinybench';
import { crc32c } from '../../src/addon/addon.ts';
import { PendingAppends } from '../../src/storage/pending-appends.ts';
import { decodeBatch, encodeBatch } from '../../src/wire/batch.ts';
import { BatchCursor } from '../../src/wire/batch-cursor.ts';
import { BatchStage } from '../../src/wire/batch-stage.ts';
import { EntryWriter } from '../../src/wire/entries.ts';

const COUNT = 1000;
const entry = Buffer.alloc(128, 'entry ');
const place = { kind: 'command', term: 1, firstIndex: 1, timestampMillis: 0 } as const;
const stage = new BatchStage();
const writer = new EntryWriter();
const pending = new PendingAppends();
const owner = { durableThrough: () => {} };
let last = 0;

function fillStage(): void {
  stage.clear();
  stage.begin(0, 1, 1);
  for (let at = 0; at < COUNT; at += 1) stage.add(entry);
  stage.close();
}

function encode(): Uint8Array {
  for (let at = 0; at < COUNT; at += 1) writer.append(entry);
  const { count, section: body } = writer.take();
  return encodeBatch({ ...place, count, body }).bytes;
}

const batch = encode();
const small = Buffer.alloc(52);

const bench = new Bench({ time: 500 })
  .add('crc32c of 52 bytes', () => void crc32c(small))
  .add('crc32c of 128 KiB', () => void crc32c(batch))
  .add(`stage ${COUNT} entries of 128 B`, () => fillStage())
  .add(`encode ${COUNT} entries of 128 B as a leader does`, () => void encode())
  .add(`decode and check ${COUNT} entries`, () => void decodeBatch(batch))
  .add(`walk ${COUNT} entries`, () => {
    const cursor = new BatchCursor(batch);
    while (cursor.next() !== null);
  })
  .add(`${COUNT} promises of appends, resolved`, () => {
    for (let at = 0; at < COUNT; at += 1) void pending.add(owner, ++last);
    pending.resolveBefore(pending.place);
  });

await bench.run();
console.table(bench.table());
