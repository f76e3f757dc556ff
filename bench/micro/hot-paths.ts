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
import { BatchBuilder } from '../../src/wire/batch-builder.ts';
import { BatchCursor } from '../../src/wire/batch-cursor.ts';
import { EntryWriter } from '../../src/wire/entries.ts';

const COUNT = 1000;
const entry = Buffer.alloc(128, 'entry ');
const builder = new BatchBuilder();
const writer = new EntryWriter();
const pending = new PendingAppends();
let last = 0;

function build(): Uint8Array {
  builder.begin();
  for (let at = 0; at < COUNT; at += 1) builder.add(entry);
  return builder.seal(0, 1, 1);
}

const batch = Buffer.from(build());
const small = Buffer.alloc(52);

const bench = new Bench({ time: 500 })
  .add('crc32c of 52 bytes', () => void crc32c(small))
  .add('crc32c of 128 KiB', () => void crc32c(batch))
  .add(`build and seal ${COUNT} entries of 128 B`, () => void build())
  .add(`encode ${COUNT} entries of 128 B as a leader does`, () => {
    for (let at = 0; at < COUNT; at += 1) writer.append(entry);
    const { count, section: body } = writer.take();
    encodeBatch({ kind: 'command', term: 1, firstIndex: 1, timestampMillis: 0, count, body });
  })
  .add(`decode and check ${COUNT} entries`, () => void decodeBatch(batch))
  .add(`walk ${COUNT} entries`, () => {
    const cursor = new BatchCursor(batch);
    while (cursor.next() !== null);
  })
  .add(`${COUNT} promises of appends, resolved`, () => {
    for (let at = 0; at < COUNT; at += 1) void pending.add(++last);
    pending.resolveThrough(last);
  });

await bench.run();
console.table(bench.table());
