/** Building batches in memory that is used again, and walking their entries, against the codec that links use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { batchBody, decodeBatch } from '../../src/wire/batch.ts';
import { BatchBuilder } from '../../src/wire/batch-builder.ts';
import { BatchCursor } from '../../src/wire/batch-cursor.ts';
import { iterateEntries } from '../../src/wire/entries.ts';
import { prefixes } from './frames.ts';

const entry = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 4000, maxLength: 9000 }));
const batches = fc.array(fc.array(entry, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

test('a built batch is one that the codec knows, whatever the builder held before', () => {
  const builder = new BatchBuilder();
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 2 ** 40 }), (given, firstIndex) => {
      for (const entries of given) {
        builder.begin();
        for (const each of entries) builder.add(each);
        assert.equal(builder.count, entries.length);
        const sealed = builder.seal(0, 1, firstIndex);
        assert.equal(builder.byteLength, sealed.length);
        const batch = decodeBatch(sealed);
        assert.deepEqual(
          [batch.kind, batch.term, batch.firstIndex, batch.count],
          ['command', 1, firstIndex, entries.length],
        );
        assert.deepEqual([...iterateEntries(batchBody(batch.bytes))], entries);
      }
    }),
    { numRuns: 300 },
  );
});

function build(entries: readonly Uint8Array[], firstIndex: number): Buffer {
  const builder = new BatchBuilder();
  for (const each of entries) builder.add(each);
  return Buffer.from(builder.seal(9, 1, firstIndex));
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
