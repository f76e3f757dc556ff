/** The commands a load writes: told apart, repeatable, of the size that was asked for, and accepted by the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyValueWorkload, valueBytesFor } from '../../bench/workload.ts';
import createKeyValueStore from '../../src/kv/machine.ts';

test('the same number gives the same command, another number another', () => {
  const command = keyValueWorkload(64);
  assert.deepEqual(keyValueWorkload(64)(12_345), command(12_345));
  const texts = Array.from({ length: 25_000 }, (_, sequence) => command(sequence).toString('latin1'));
  assert.equal(new Set(texts).size, texts.length);
});

test('whole commands have the size that was asked for', () => {
  for (const bytes of [64, 256, 65_536]) assert.equal(keyValueWorkload(valueBytesFor(bytes))(7).length, bytes);
});

test('the store takes them', () => {
  const store = createKeyValueStore();
  const context = { index: 1, term: 1, timestampMillis: 1 };
  const result = store.apply(keyValueWorkload(100)(10_001), context);
  assert.equal(Buffer.from(result ?? []).toString(), '+OK\r\n');
});
