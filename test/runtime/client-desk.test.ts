/** The desk with a link that takes its memory back, as uWebSockets.js does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_FRAME_BYTES } from '../../src/core/limits.ts';
import { type ClientBackend, openClientDesk } from '../../src/runtime/client-desk.ts';
import type { Link } from '../../src/transport/transport.ts';
import { decodeReply, encodeRequest } from '../../src/wire/client-protocol.ts';
import { encodeEntry } from '../../src/wire/entries.ts';

describe('the client desk', () => {
  test('keeps nothing of a frame after its handler has returned', () => {
    const queries: Uint8Array[] = [];
    const backend: ClientBackend = {
      leaderAddress: () => null,
      propose: () => assert.fail('nothing was proposed'),
      changeMembers: () => Promise.reject(new Error('not asked for')),
      read: (query) => {
        queries.push(query);
        return new Promise(() => {});
      },
      status: () => ({}),
    };
    const link: Link = { send: () => true, outboxBytes: 0, remote: 'test', close: () => assert.fail('closed') };
    const query = Buffer.from('a question');
    const frame = new Uint8Array(encodeRequest({ kind: 'query', request: 1, deadlineMillis: 100, query }));
    openClientDesk(link, backend).message(Buffer.from(frame.buffer));
    structuredClone(frame.buffer, { transfer: [frame.buffer] });
    assert.deepEqual(Buffer.from(queries[0]!), query);
  });

  test('N05: results that fit no frame are refused as executed, and the link stays', () => {
    const sent: Uint8Array[] = [];
    const backend: ClientBackend = {
      leaderAddress: () => null,
      propose: ({ settle }) => settle({ kind: 'applied', firstIndex: 7, results: Buffer.alloc(MAX_FRAME_BYTES) }),
      changeMembers: () => Promise.reject(new Error('not asked for')),
      read: () => Promise.reject(new Error('not asked for')),
      status: () => ({}),
    };
    const send = (frame: Uint8Array): boolean => sent.push(frame) > 0;
    const link: Link = { send, outboxBytes: 0, remote: 'test', close: () => assert.fail('closed') };
    const section = encodeEntry(Buffer.from('a command'));
    openClientDesk(link, backend).message(
      encodeRequest({ kind: 'propose', request: 1, deadlineMillis: 100, count: 1, section }),
    );
    assert.ok(sent.every((frame) => frame.length <= MAX_FRAME_BYTES));
    const reply = decodeReply(sent[0] as Uint8Array);
    assert.ok(reply.kind === 'failure');
    assert.deepEqual([reply.code, reply.outcome], ['TOO_LARGE', 'executed']);
  });
});
