/** Batches and their entries: encoded once, checked wherever they arrive. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../src/addon/addon.ts';
import { MAX_BATCH_BYTES, MAX_ENTRY_BYTES, MAX_INTEGER, MAX_SCRIBES } from '../../src/core/limits.ts';
import {
  BATCH_HEADER_BYTES,
  batchBody,
  decodeBatch,
  decodeBatches,
  encodeBatch,
  encodeConfigurationBatch,
  MAX_BODY_BYTES,
} from '../../src/wire/batch.ts';
import { countEntries, EntryWriter, encodeEntry, iterateEntries } from '../../src/wire/entries.ts';
import { batch, bytes } from './arbitraries.ts';
import { bitFlips, forgeBatch, prefixes } from './frames.ts';
import { BATCHES } from './samples.ts';

const BAD_BATCH = { code: 'BAD_BATCH' };
const place = { term: 3, firstIndex: 10, timestampMillis: 5 };

describe('batch codec', () => {
  it('the checksum is CRC32C', () => assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283));

  it('a batch comes back as it was built, at any offset', () => {
    fc.assert(
      fc.property(batch, fc.nat(20), (built, offset) => {
        assert.deepEqual(decodeBatch(Buffer.concat([Buffer.alloc(offset), built.bytes]), offset), built);
      }),
      { numRuns: 1000 },
    );
  });

  it('batches one behind the other come back in order, aliasing their memory', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 5 }), (built) => {
        const joined = Buffer.concat(built.map((each) => each.bytes));
        const decoded = decodeBatches(joined);
        assert.deepEqual(decoded, built);
        for (const each of decoded) assert.equal(each.bytes.buffer, joined.buffer);
      }),
    );
  });

  it('a body in pieces is joined, not re-encoded', () => {
    const pieces = ['a', 'bb', ''].map((text) => encodeEntry(Buffer.from(text)));
    const joined = encodeBatch({ ...place, kind: 'command', count: 3, body: pieces });
    const whole = encodeBatch({ ...place, kind: 'command', count: 3, body: Buffer.concat(pieces) });
    assert.deepEqual(joined, whole);
    assert.deepEqual(
      [...iterateEntries(batchBody(joined.bytes))].map((entry) => Buffer.from(entry).toString()),
      ['a', 'bb', ''],
    );
  });

  it('N02: a batch cut at any byte is refused', () => {
    for (const { bytes: whole } of Object.values(BATCHES)) {
      for (const prefix of prefixes(whole)) {
        assert.throws(() => decodeBatch(prefix), BAD_BATCH);
        if (prefix.length > 0) assert.throws(() => decodeBatches(prefix), BAD_BATCH);
      }
    }
  });

  it('N04: a batch with any one bit wrong is refused', () => {
    for (const { bytes: whole } of Object.values(BATCHES)) {
      for (const { bytes: flipped, bit } of bitFlips(whole)) {
        assert.throws(() => decodeBatch(flipped), BAD_BATCH, `bit ${bit} went unnoticed`);
      }
    }
  });

  const forged: [string, (bytes: Buffer) => void][] = [
    ['another magic', (bytes) => bytes.writeUInt32LE(0x54414254, 0)],
    ['another version', (bytes) => bytes.writeUInt8(2, 4)],
    ['an unknown kind', (bytes) => bytes.writeUInt8(3, 5)],
    ['flags', (bytes) => bytes.writeUInt16LE(1, 6)],
    ['another group', (bytes) => bytes.writeUInt32LE(1, 8)],
    ['a group of 2^53', (bytes) => bytes.writeBigUInt64LE(2n ** 53n, 8)],
    ['term 0', (bytes) => bytes.writeBigUInt64LE(0n, 16)],
    ['a term of 2^53', (bytes) => bytes.writeBigUInt64LE(2n ** 53n, 16)],
    ['first index 0', (bytes) => bytes.writeBigUInt64LE(0n, 24)],
    ['a first index of 2^63', (bytes) => bytes.writeBigUInt64LE(2n ** 63n, 24)],
    ['entries beyond 2^53', (bytes) => bytes.writeBigUInt64LE(BigInt(MAX_INTEGER) - 1n, 24)],
    ['a timestamp of 2^64-1', (bytes) => bytes.writeBigUInt64LE(2n ** 64n - 1n, 32)],
    ['no entries', (bytes) => bytes.writeUInt32LE(0, 40)],
    ['one entry fewer than it holds', (bytes) => bytes.writeUInt32LE(2, 40)],
    ['one entry more than it holds', (bytes) => bytes.writeUInt32LE(4, 40)],
    ['2^32-1 entries', (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 40)],
    ['a body beyond its bytes', (bytes) => bytes.writeUInt32LE(bytes.length, 44)],
    ['a body of 2^32-1', (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 44)],
    ['an entry beyond its body', (bytes) => bytes.writeUInt32LE(1000, BATCH_HEADER_BYTES)],
    ['an entry of 2^32-1', (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, BATCH_HEADER_BYTES)],
  ];
  for (const [what, change] of forged) {
    it(`N03 N05 N20: ${what} is refused though the checksums match`, () => {
      assert.throws(() => decodeBatch(forgeBatch(BATCHES.command.bytes, change)), BAD_BATCH);
    });
  }

  it('N05: a no-op or a configuration of several entries, or of nonsense, is refused', () => {
    const two = Buffer.concat([encodeEntry(new Uint8Array(0)), encodeEntry(new Uint8Array(0))]);
    const forgeries = [
      encodeBatch({ ...place, kind: 'noop', count: 2, body: two }),
      encodeBatch({ ...place, kind: 'noop', count: 1, body: encodeEntry(Buffer.from('x')) }),
    ];
    for (const { bytes: forgery } of forgeries) assert.throws(() => decodeBatch(forgery), BAD_BATCH);
    const asConfiguration = (body: Uint8Array) =>
      decodeBatch(
        forgeBatch(encodeBatch({ ...place, kind: 'command', count: 1, body }).bytes, (all) => all.writeUInt8(2, 5)),
      );
    for (const text of ['', '{}', '\u0001\u0000', '\u0002\u0001', '\u0001\u0010']) {
      assert.throws(() => asConfiguration(encodeEntry(Buffer.from(text, 'latin1'))), BAD_BATCH);
    }
  });

  it('a configuration of more scribes than the limit is refused', () => {
    const scribes = Array.from({ length: MAX_SCRIBES + 1 }, (_, number) => ({
      scribeId: `s${number}`,
      storageUuid: number.toString(16).padStart(32, '0'),
      address: `127.0.0.1:${number}`,
    }));
    assert.throws(() => encodeConfigurationBatch(place, { scribes }), BAD_BATCH);
    assert.equal(
      encodeConfigurationBatch(place, { scribes: scribes.slice(1) }).configuration?.scribes.length,
      MAX_SCRIBES,
    );
  });

  it('takes a batch of exactly the limit and refuses one byte more with TOO_LARGE', () => {
    const writer = new EntryWriter();
    for (let entry = 0; entry < 3; entry += 1) writer.append(new Uint8Array(MAX_ENTRY_BYTES));
    writer.append(new Uint8Array(MAX_BODY_BYTES - writer.byteLength - 4));
    const { count, section } = writer.take();
    const built = encodeBatch({ ...place, kind: 'command', count, body: section });
    assert.equal(built.bytes.length, MAX_BATCH_BYTES);
    assert.deepEqual(decodeBatch(built.bytes), built);
    const body = [section, new Uint8Array(1)];
    assert.throws(() => encodeBatch({ ...place, kind: 'command', count, body }), { code: 'TOO_LARGE' });
  });
});

describe('entry section', () => {
  it('is what was appended, however it grows', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), fc.integer({ min: 4, max: 100 }), (entries, initialBytes) => {
        const writer = new EntryWriter(initialBytes);
        for (const entry of entries) writer.append(entry);
        const { count, section } = writer.take();
        assert.equal(count, entries.length);
        assert.equal(countEntries(section), count);
        assert.deepEqual(
          [...iterateEntries(section)].map((entry) => Uint8Array.from(entry)),
          entries,
        );
      }),
    );
  });

  it('joins whole sections and leaves a taken one alone', () => {
    const writer = new EntryWriter(8);
    writer.append(Buffer.from('first'));
    const first = writer.take();
    const copy = Buffer.from(first.section);
    writer.append(Buffer.from('x'));
    writer.appendSection(first.section, first.count);
    const second = writer.take();
    assert.deepEqual(Buffer.from(first.section), copy);
    assert.equal(second.count, 2);
    assert.equal(countEntries(second.section), 2);
    assert.deepEqual(writer.take(), { count: 0, section: Buffer.alloc(0) });
  });

  it('N05: is never walked past its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (raw) => {
        const count = countEntries(raw);
        if (count < 0) assert.throws(() => [...iterateEntries(raw)], BAD_BATCH);
        else assert.equal([...iterateEntries(raw)].length, count);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses an entry beyond the limit, written or read', () => {
    const writer = new EntryWriter();
    assert.throws(() => writer.append(new Uint8Array(MAX_ENTRY_BYTES + 1)), { code: 'TOO_LARGE' });
    const section = Buffer.alloc(4 + MAX_ENTRY_BYTES + 1);
    section.writeUInt32LE(MAX_ENTRY_BYTES + 1, 0);
    assert.equal(countEntries(section), -1);
  });
});
