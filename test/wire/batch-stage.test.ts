/** Building batches in memory that is used again, and walking their entries, against the codec that links use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../src/addon/addon.ts';
import type { Batch } from '../../src/core/types.ts';
import { batchBody, decodeBatches } from '../../src/wire/batch.ts';
import { BatchCursor } from '../../src/wire/batch-cursor.ts';
import { BatchStage } from '../../src/wire/batch-stage.ts';
import { iterateEntries } from '../../src/wire/entries.ts';
import { prefixes } from './frames.ts';

const entry = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 4000, maxLength: 9000 }));
const batches = fc.array(fc.array(entry, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

test('staged batches are ones that the codec knows once they are sealed, whatever the stage held before', () => {
  const stage = new BatchStage();
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 2 ** 40 }), (given, firstIndex) => {
      stage.clear();
      for (const [at, entries] of given.entries()) {
        stage.begin(0, at + 1, firstIndex + at);
        for (const each of entries) stage.add(each);
      }
      stage.close();
      const decoded = decodeBatches(seal(stage));
      assert.deepEqual(
        decoded.map(({ kind, term, firstIndex: first, count }) => [kind, term, first, count]),
        given.map((entries, at) => ['command', at + 1, firstIndex + at, entries.length]),
      );
      for (const [at, entries] of given.entries()) {
        assert.deepEqual([...iterateEntries(batchBody((decoded[at] as Batch).bytes))], entries);
      }
    }),
    { numRuns: 300 },
  );
});

/** A copy of what is staged with the checksums that the engine writes. */
function seal(stage: BatchStage): Uint8Array {
  const bytes = stage.bytes.slice(0, stage.byteLength);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 56 + view.getUint32(at + 44, true);
    view.setUint32(at + 48, crc32c(bytes, at + 56, end), true);
    view.setUint32(at + 52, crc32c(bytes, at, at + 52), true);
    at = end;
  }
  return bytes;
}

function build(entries: readonly Uint8Array[], firstIndex: number): Buffer {
  const stage = new BatchStage();
  stage.begin(9, 1, firstIndex);
  for (const each of entries) stage.add(each);
  stage.close();
  return Buffer.from(seal(stage));
}

test('a cursor gives the entries of batches back to back with their indexes', () => {
  fc.assert(
    fc.property(batches, (given) => {
      let index = 2 ** 33;
      const expected: [number, Uint8Array][] = [];
      const bytes = Buffer.concat(
        given.map((entries) => {
          const firstIndex = index;
          for (const each of entries) expected.push([index++, each]);
          return build(entries, firstIndex);
        }),
      );
      const cursor = new BatchCursor(new Uint8Array(bytes));
      const found: [number, Uint8Array][] = [];
      for (let next = cursor.next(); next !== null; next = cursor.next()) found.push([cursor.index, next]);
      assert.deepEqual(found, expected);
    }),
  );
});

test('N05: a cursor over bytes that were cut or are no batch throws BAD_BATCH and reads past nothing', () => {
  const whole = build([new Uint8Array(20), new Uint8Array(0), new Uint8Array(7)], 1);
  const walk = (bytes: Uint8Array): void => {
    const cursor = new BatchCursor(bytes);
    while (cursor.next() !== null);
  };
  walk(whole);
  for (const cut of prefixes(whole)) if (cut.length > 0) assert.throws(() => walk(cut), { code: 'BAD_BATCH' });
  whole[0] = 0;
  assert.throws(() => walk(whole), { code: 'BAD_BATCH' });
});
