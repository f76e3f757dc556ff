/** Messages between peers: what is encoded comes back, and what no honest peer could say does not come in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_FRAME_BYTES, MAX_INTEGER } from '../../src/core/limits.ts';
import type { Append, Message } from '../../src/core/messages.ts';
import type { Configuration } from '../../src/core/types.ts';
import { isScriptoriumError } from '../../src/errors.ts';
import { encodeNoopBatch } from '../../src/wire/batch.ts';
import { FRAME_HEADER_BYTES, FRAME_TYPES, finishFrame, startFrame } from '../../src/wire/frame.ts';
import { decodeMessage, encodeMessage, framesBatches } from '../../src/wire/message.ts';
import { message, messages } from './arbitraries.ts';
import { forge, headBytesOf, resealed } from './frames.ts';
import { BATCHES, MESSAGES } from './samples.ts';

const BAD_FRAME = { code: 'BAD_FRAME' };
const BAD_BATCH = { code: 'BAD_BATCH' };

/** An append as a dishonest leader could send it: the encoder does not object. */
const append = (changes: Partial<Append>): Uint8Array => encodeMessage({ ...MESSAGES.append, ...changes });

describe('message codec', () => {
  for (const [kind, arbitrary] of Object.entries(messages) as [Message['kind'], fc.Arbitrary<Message>][]) {
    it(`${kind} comes back as it was sent`, () => {
      fc.assert(
        fc.property(arbitrary, (sent) => {
          const frame = encodeMessage(sent);
          assert.deepEqual(decodeMessage(frame), sent);
          assert.equal(framesBatches(frame), kind === 'append' || kind === 'readReply');
        }),
        { numRuns: 300 },
      );
    });
  }

  it('N05: whatever is forged into a head decodes to what those bytes say, or is refused', () => {
    const change = fc.tuple(fc.nat(400), fc.nat(255));
    fc.assert(
      fc.property(message, fc.array(change, { minLength: 1, maxLength: 4 }), (sent, changes) => {
        const frame = encodeMessage(sent);
        const forged = forge(frame, (bytes) => {
          for (const [at, value] of changes) bytes[8 + (at % (headBytesOf(frame) - 8))] = value;
        });
        assertCanonical(forged);
      }),
      { numRuns: 5000 },
    );
  });

  it('N05: random bytes behind a sound envelope decode to what they say, or are refused', () => {
    const types = fc.constantFrom(...Object.values(FRAME_TYPES));
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 120 }), (type, head) => {
        const writer = startFrame(type, head.length);
        writer.raw(head);
        assertCanonical(Buffer.from(finishFrame(writer)));
      }),
      { numRuns: 5000 },
    );
  });

  it('decoded batches alias the frame', () => {
    const frame = append({});
    const { batches } = decodeMessage(frame) as Append;
    for (const { bytes } of batches) assert.equal(bytes.buffer, frame.buffer);
  });

  it('N01: refuses a frame beyond the limit before it looks inside', () => {
    assert.throws(() => decodeMessage(Buffer.alloc(MAX_FRAME_BYTES + 1)), BAD_FRAME);
  });

  it('N03: refuses unknown types, reserved bits, other groups and a length that is not its own', () => {
    const frame = encodeMessage(MESSAGES.probe);
    const types = new Set<number>(Object.values(MESSAGES).map((known) => encodeMessage(known)[8]!));
    for (let type = 0; type < 256; type += 1) {
      if (types.has(type)) continue;
      assert.throws(() => decodeMessage(forge(frame, (bytes) => bytes.writeUInt8(type, 8))), BAD_FRAME);
    }
    for (let bit = 9 * 8; bit < FRAME_HEADER_BYTES * 8; bit += 1) {
      const forged = forge(frame, (bytes) => {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      });
      assert.throws(() => decodeMessage(forged), BAD_FRAME, `bit ${bit}`);
    }
  });

  it('N05: refuses a head length that lies', () => {
    const frame = append({});
    for (const lie of [0, FRAME_HEADER_BYTES - 1, frame.length + 1, 2 ** 31, 2 ** 32 - 1]) {
      const forged = Buffer.from(frame);
      forged.writeUInt32LE(lie, 4);
      assert.throws(() => decodeMessage(resealed(forged)), BAD_FRAME);
    }
  });

  it('N04: refuses a batch damaged behind a sound head', () => {
    const frame = Buffer.from(append({}));
    frame[frame.length - 1]! ^= 1;
    assert.throws(() => decodeMessage(frame), BAD_BATCH);
  });

  it('N20: refuses batches behind a message that has none', () => {
    const frame = forge(Buffer.concat([encodeMessage(MESSAGES.probe), BATCHES.noop.bytes]), (bytes) =>
      bytes.writeUInt32LE(bytes.length, 12),
    );
    assert.throws(() => decodeMessage(frame), { ...BAD_FRAME, message: /batches/ });
    const refusedRead = encodeMessage({ ...MESSAGES.readReply, outcome: 'gone' });
    assert.throws(() => decodeMessage(refusedRead), BAD_FRAME);
  });

  it('N20: refuses batches that do not follow prev or each other', () => {
    const { noop, command } = BATCHES;
    for (const batches of [[command], [command, noop], [noop, noop], [noop, BATCHES.configuration]]) {
      assert.throws(() => decodeMessage(append({ batches })), BAD_FRAME);
    }
    assert.throws(() => decodeMessage(encodeMessage({ ...MESSAGES.readReply, batches: [noop, noop] })), BAD_FRAME);
  });

  it('N20: refuses an append of term 0, with terms that go back, or with an entry above its term', () => {
    assert.throws(() => decodeMessage(append({ term: 0, prev: { index: 0, term: 0 }, batches: [] })), BAD_FRAME);
    assert.throws(() => decodeMessage(append({ term: 7 })), BAD_FRAME);
    assert.throws(() => decodeMessage(append({ term: 9, prev: { index: 40, term: 8 } })), BAD_FRAME);
    assert.throws(() => decodeMessage(append({ term: 5, batches: [] })), BAD_FRAME, 'prev above the term');
  });

  it('N20: refuses indexes and terms of 2^53 and more', () => {
    const frame = append({ batches: [] });
    for (const offset of [24, 48, 56, 64, 72]) {
      for (const value of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
        const forged = forge(frame, (bytes) => bytes.writeBigUInt64LE(value, offset));
        assert.throws(() => decodeMessage(forged), BAD_FRAME);
      }
    }
    const last = encodeNoopBatch({ term: 1, firstIndex: MAX_INTEGER, timestampMillis: 0 });
    assert.throws(
      () => decodeMessage(append({ prev: { index: MAX_INTEGER - 1, term: 1 }, batches: [last] })),
      BAD_BATCH,
    );
  });

  it('N20: refuses an entry id of which only one half is 0, and a candidate whose log is not older than its term', () => {
    for (const tail of [
      { index: 0, term: 3 },
      { index: 3, term: 0 },
    ]) {
      assert.throws(() => decodeMessage(encodeMessage({ kind: 'follow', tail })), BAD_FRAME);
    }
    assert.throws(() => decodeMessage(encodeMessage({ ...MESSAGES.vote, term: 8 })), BAD_FRAME);
    assert.throws(
      () => decodeMessage(encodeMessage({ ...MESSAGES.vote, term: 0, tail: { index: 0, term: 0 } })),
      BAD_FRAME,
    );
  });

  it('N21: refuses names that could break out of a log line or a path', () => {
    for (const workerId of ['', 'a/b', 'a\nb', 'a\u001b[2J', '__proto__ ', 'x'.repeat(65)]) {
      const leader = { ...MESSAGES.leaderNotice.leader!, workerId };
      assert.throws(() => decodeMessage(encodeMessage({ ...MESSAGES.leaderNotice, leader })), BAD_FRAME);
    }
    for (const address of ['x', 'host', 'host:', 'host:123456', 'ho st:1', 'host:1/..', ':1']) {
      const leader = { ...MESSAGES.leaderNotice.leader!, address };
      assert.throws(() => decodeMessage(encodeMessage({ ...MESSAGES.leaderNotice, leader })), BAD_FRAME);
    }
  });

  it('R26: refuses a configuration that lists a disk or a name twice', () => {
    const [first, second] = MESSAGES.probeReply.configuration.configuration.scribes;
    const twins = [
      [first!, { ...second!, storageUuid: first!.storageUuid }],
      [first!, { ...second!, scribeId: first!.scribeId }],
    ];
    for (const scribes of twins) {
      const configuration = { id: { index: 1, term: 1 }, configuration: { scribes } };
      assert.throws(() => decodeMessage(encodeMessage({ ...MESSAGES.probeReply, configuration })), BAD_FRAME);
    }
  });

  it('R1 R11: refuses numbers of which two quorums could miss each other, and a version that says none', () => {
    const { id, configuration: now } = MESSAGES.probeReply.configuration;
    const decoded = (configuration: Configuration): unknown =>
      decodeMessage(encodeMessage({ ...MESSAGES.probeReply, configuration: { id, configuration } }));
    const good = { ...now, quorums: { commit: 1, vote: 3 } };
    assert.deepEqual(decoded(good), { ...MESSAGES.probeReply, configuration: { id, configuration: good } });
    for (const [commit, vote] of [
      [1, 2],
      [2, 1],
      [0, 3],
      [3, 0],
      [4, 4],
      [255, 255],
      [3, 2],
    ] as const) {
      const bad = { ...now, quorums: { commit, vote } };
      assert.throws(() => decoded(bad), BAD_FRAME, `${commit} and ${vote} of 3`);
      assert.throws(() => decoded({ ...now, outgoing: bad }), BAD_FRAME);
      assert.throws(() => decoded({ ...good, target: bad }), BAD_FRAME);
    }
    assert.throws(() => decoded({ ...now, quorums: { commit: 0, vote: 0 } }), BAD_FRAME);
  });

  it('a value that does not fit its field is a bug here, not a frame', () => {
    for (const round of [-1, 0.5, Number.NaN, MAX_INTEGER + 1]) {
      assert.throws(() => encodeMessage({ kind: 'probe', round }), RangeError);
    }
    assert.throws(() => encodeMessage({ ...MESSAGES.vote, incarnation: 'xyz' }), RangeError);
    assert.throws(() => encodeMessage({ ...MESSAGES.vote, incarnation: 'g'.repeat(32) }), RangeError);
  });
});

/** There is one encoding of every message: a frame that decodes at all is what encoding the result gives. */
function assertCanonical(frame: Buffer): void {
  let decoded: Message;
  try {
    decoded = decodeMessage(frame);
  } catch (error) {
    assert.ok(isScriptoriumError(error), `not a typed error: ${String(error)}`);
    return;
  }
  assert.deepEqual(Buffer.from(encodeMessage(decoded)), frame);
}
