/** The wire format does not change by accident: today's code writes and reads the committed bytes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBatch } from '../../src/wire/batch.ts';
import { FRAME_TYPES } from '../../src/wire/frame.ts';
import { PING, PONG } from '../../src/wire/liveness.ts';
import { bitFlips, prefixes } from './frames.ts';
import { currentVectors, readGolden } from './golden-files.ts';
import { BATCHES, SAMPLES } from './samples.ts';

const BAD = { name: 'ScriptoriumError', code: /^BAD_(FRAME|BATCH)$/ };

describe('golden vectors', () => {
  for (const { name, bytes } of currentVectors()) {
    it(`${name} is written as committed`, () => assert.deepEqual(Buffer.from(bytes), readGolden(name)));
  }

  for (const { name, value, decode } of SAMPLES) {
    it(`${name} is read as committed`, () => assert.deepEqual(decode(readGolden(name)), value));

    it(`N02: ${name} cut at any byte is refused`, () => {
      for (const prefix of prefixes(readGolden(name))) assert.throws(() => decode(prefix), BAD);
    });

    it(`N04: ${name} with any one bit wrong is refused`, () => {
      for (const { bytes, bit } of bitFlips(readGolden(name))) {
        assert.throws(() => decode(bytes), BAD, `bit ${bit} went unnoticed`);
      }
    });

    it(`N03: ${name} followed by anything is refused`, () => {
      assert.throws(() => decode(Buffer.concat([readGolden(name), Buffer.alloc(1)])), BAD);
    });
  }

  for (const [kind, batch] of Object.entries(BATCHES)) {
    it(`batch-${kind} is read as committed`, () => assert.deepEqual(decodeBatch(readGolden(`batch-${kind}`)), batch));
  }

  it('covers every frame type there is', () => {
    const covered = new Set(SAMPLES.map(({ frame }) => frame[8]));
    const liveness = [PING, PONG].map((frame) => frame[8]);
    assert.deepEqual(new Set([...covered, ...liveness]), new Set(Object.values(FRAME_TYPES)));
  });
});
