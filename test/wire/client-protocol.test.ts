/** What clients and workers say to each other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isScriptoriumError } from '../../src/errors.ts';
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from '../../src/wire/client-protocol.ts';
import { FRAME_TYPES, finishFrame, startFrame } from '../../src/wire/frame.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { type CommandResult, decodeResults, encodeResults, splitResults } from '../../src/wire/results.ts';
import { bytes, clientReply, clientRequest } from './arbitraries.ts';
import { forge } from './frames.ts';
import { MESSAGES, REPLIES, REQUESTS } from './samples.ts';

const BAD_FRAME = { code: 'BAD_FRAME' };
/** Where the count of a proposal stands: after header, request and deadline. */
const COUNT_OFFSET = 36;

const plain = <T extends object>(value: T): unknown =>
  Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, field instanceof Uint8Array ? Uint8Array.from(field) : field]),
  );

describe('client protocol', () => {
  it('a request comes back as it was sent', () => {
    fc.assert(
      fc.property(clientRequest, (sent) => {
        assert.deepEqual(plain(decodeRequest(encodeRequest(sent))), plain(sent));
      }),
      { numRuns: 1000 },
    );
  });

  it('an answer comes back as it was sent', () => {
    fc.assert(
      fc.property(clientReply, (sent) => {
        assert.deepEqual(plain(decodeReply(encodeReply(sent))), plain(sent));
      }),
      { numRuns: 1000 },
    );
  });

  it('N05: random bytes behind a sound envelope decode or are refused, typed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(FRAME_TYPES)),
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom<(frame: Uint8Array) => unknown>(decodeRequest, decodeReply),
        (type, head, decode) => {
          const writer = startFrame(type, head.length);
          writer.raw(head);
          try {
            decode(finishFrame(writer));
          } catch (error) {
            assert.ok(isScriptoriumError(error), String(error));
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('N05: a proposal that counts wrongly, or has no entries, is refused', () => {
    const frame = encodeRequest(REQUESTS.propose);
    for (const count of [0, 1, 3, 2 ** 32 - 1]) {
      const forged = forge(frame, (all) => all.writeUInt32LE(count, COUNT_OFFSET));
      assert.throws(() => decodeRequest(forged), BAD_FRAME);
    }
    const empty = encodeRequest({ ...REQUESTS.propose, count: 0, section: new Uint8Array(0) });
    assert.throws(() => decodeRequest(empty), BAD_FRAME);
  });

  it('N08: peers and clients do not understand each other', () => {
    for (const message of Object.values(MESSAGES)) {
      assert.throws(() => decodeRequest(encodeMessage(message)), { code: /^BAD_FRAME$/ });
      assert.throws(() => decodeReply(encodeMessage(message)), BAD_FRAME);
    }
    for (const request of Object.values(REQUESTS)) {
      assert.throws(() => decodeMessage(encodeRequest(request)), BAD_FRAME);
      assert.throws(() => decodeReply(encodeRequest(request)), BAD_FRAME);
    }
    for (const reply of Object.values(REPLIES)) assert.throws(() => decodeRequest(encodeReply(reply)), BAD_FRAME);
  });

  it('N21: what a peer says in words cannot reach a terminal as control characters', () => {
    const message = 'line\nbreak \u001b[31mred \u0000 \u009b';
    const reply = decodeReply(encodeReply({ ...REPLIES.failure, message }));
    assert.ok(reply.kind === 'failure' && !/\p{Cc}/u.test(reply.message));
    assert.equal(reply.message.length, message.length);
  });

  it('words beyond their limit are cut at a character', () => {
    const reply = decodeReply(encodeReply({ ...REPLIES.failure, message: 'é'.repeat(2000) }));
    assert.ok(reply.kind === 'failure');
    assert.equal(reply.message, 'é'.repeat(512));
  });

  it('an error code nobody knows is refused', () => {
    const frame = encodeReply(REPLIES.failure);
    const code = Buffer.from(frame).indexOf('NOT_LEADER');
    assert.throws(() => decodeReply(forge(frame, (all) => all.write('NOT_READER', code, 'latin1'))), BAD_FRAME);
    assert.throws(() => decodeReply(forge(frame, (all) => all.write('__proto__ ', code, 'latin1'))), BAD_FRAME);
  });
});

describe('results', () => {
  const results = fc.array(fc.record({ failed: fc.boolean(), bytes }, { noNullPrototype: true }), { maxLength: 6 });
  const comparable = (list: readonly CommandResult[]) =>
    list.map(({ failed, bytes: content }) => ({ failed, bytes: Uint8Array.from(content) }));

  it('come back, whole and cut between proposals', () => {
    fc.assert(
      fc.property(fc.array(results, { maxLength: 4 }), (groups) => {
        const section = encodeResults(groups.flat());
        assert.deepEqual(comparable(decodeResults(section, groups.flat().length)), groups.flat());
        const parts = splitResults(
          section,
          groups.map(({ length }) => ({ count: length })),
        );
        for (const [number, group] of groups.entries()) {
          assert.deepEqual(comparable(decodeResults(parts[number]!, group.length)), group);
        }
      }),
    );
  });

  it('N05: a count that does not fit is refused', () => {
    const section = encodeResults([{ failed: false, bytes: Buffer.from('x') }]);
    for (const count of [0, 2, 2 ** 32 - 1]) {
      assert.throws(() => decodeResults(section, count), BAD_FRAME);
      if (count < 10) assert.throws(() => splitResults(section, [{ count }]), BAD_FRAME);
    }
    const lying = Buffer.from(section);
    lying.writeUInt32LE(2 ** 32 - 1, 1);
    assert.throws(() => decodeResults(lying, 1), BAD_FRAME);
    assert.throws(() => splitResults(lying, [{ count: 1 }]), BAD_FRAME);
  });
});
