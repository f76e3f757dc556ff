/** The desk with a link that takes its memory back, as uWebSockets.js does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClientBackend, openClientDesk } from '../../src/runtime/client-desk.ts';
import type { Link } from '../../src/transport/transport.ts';
import { encodeRequest } from '../../src/wire/client-protocol.ts';

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
});
