/** The desk with a link that takes its memory back, as uWebSockets.js does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_FRAME_BYTES } from '../../src/core/limits.ts';
import { isScriptoriumError } from '../../src/errors.ts';
import { asBatchResult } from '../../src/node/results.ts';
import { type ClientBackend, openClientDesk } from '../../src/runtime/client-desk.ts';
import type { Link } from '../../src/transport/transport.ts';
import { type ClientReply, decodeReply, encodeRequest } from '../../src/wire/client-protocol.ts';
import { encodeEntry } from '../../src/wire/entries.ts';
import { encodeResults } from '../../src/wire/results.ts';

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

  test('N05: of results that fit no frame together those are dropped that do not, and the link stays', () => {
    const sent: Uint8Array[] = [];
    const half = { failed: false, bytes: Buffer.alloc(MAX_FRAME_BYTES / 2) };
    const small = { failed: false, bytes: Buffer.from('small') };
    const results = encodeResults([half, half, small]);
    const backend: ClientBackend = {
      leaderAddress: () => null,
      propose: ({ settle }) => settle({ kind: 'applied', firstIndex: 7, results }),
      changeMembers: () => Promise.reject(new Error('not asked for')),
      read: () => Promise.reject(new Error('not asked for')),
      status: () => ({}),
    };
    const send = (frame: Uint8Array): boolean => sent.push(frame) > 0;
    const link: Link = { send, outboxBytes: 0, remote: 'test', close: () => assert.fail('closed') };
    const section = Buffer.concat(['one', 'two', 'three'].map((text) => encodeEntry(Buffer.from(text))));
    openClientDesk(link, backend).message(
      encodeRequest({ kind: 'propose', request: 1, deadlineMillis: 100, count: 3, section }),
    );
    assert.ok(sent.every((frame) => frame.length <= MAX_FRAME_BYTES));
    const reply = decodeReply(sent[0] as Uint8Array);
    assert.ok(reply.kind === 'proposed');
    const [first, second, third] = asBatchResult(reply.firstIndex, reply.results, reply.count).results;
    assert.equal((first as Uint8Array).length, half.bytes.length);
    assert.ok(isScriptoriumError(second));
    assert.deepEqual([second.code, second.outcome], ['TOO_LARGE', 'executed']);
    assert.deepEqual(Buffer.from(third as Uint8Array), small.bytes);
  });

  test('C12: an error that nobody expected leaves the outcome unknown', async () => {
    const backend: ClientBackend = {
      leaderAddress: () => null,
      propose: () => assert.fail('nothing was proposed'),
      changeMembers: () => Promise.reject(new RangeError('broken')),
      read: () => assert.fail('nothing was read'),
      status: () => ({}),
    };
    const reply = await new Promise<ClientReply>((resolve) => {
      const send = (frame: Uint8Array): boolean => {
        resolve(decodeReply(frame));
        return true;
      };
      const link: Link = { send, outboxBytes: 0, remote: 'test', close: () => assert.fail('closed') };
      const change = { kind: 'remove', scribeId: 'a' } as const;
      openClientDesk(link, backend).message(encodeRequest({ kind: 'changeMembers', request: 1, change }));
    });
    assert.ok(reply.kind === 'failure');
    assert.equal(reply.outcome, 'unknown');
  });

  test('C05: large answers to a client that has many on their way are left out, and what became of it is said', async () => {
    const large = Buffer.alloc(1024 * 1024);
    const backend: ClientBackend = {
      leaderAddress: () => null,
      propose: ({ count, settle }) => {
        const results = [large, Buffer.from('small')].slice(0, count).map((bytes) => ({ failed: false, bytes }));
        settle({ kind: 'applied', firstIndex: 7, results: encodeResults(results) });
      },
      changeMembers: () => assert.fail('nothing was changed'),
      read: () => Promise.resolve(large),
      status: () => ({}),
    };
    const replies: ClientReply[] = [];
    const send = (frame: Uint8Array): boolean => replies.push(decodeReply(frame)) > 0;
    const link: Link = { send, outboxBytes: 5 * MAX_FRAME_BYTES, remote: 'test', close: () => assert.fail('closed') };
    const desk = openClientDesk(link, backend);
    const section = Buffer.concat(['one', 'two'].map((text) => encodeEntry(Buffer.from(text))));
    desk.message(encodeRequest({ kind: 'propose', request: 1, deadlineMillis: 100, count: 2, section }));
    desk.message(encodeRequest({ kind: 'query', request: 2, deadlineMillis: 100, query: Buffer.from('?') }));
    await new Promise((resolve) => setImmediate(resolve));
    const [proposed, read] = replies;
    assert.ok(proposed?.kind === 'proposed' && read?.kind === 'failure');
    const [first, second] = asBatchResult(proposed.firstIndex, proposed.results, proposed.count).results;
    assert.ok(isScriptoriumError(first));
    assert.deepEqual([first.code, first.outcome], ['TOO_LARGE', 'executed']);
    assert.deepEqual(Buffer.from(second as Uint8Array), Buffer.from('small'));
    assert.deepEqual([read.code, read.outcome], ['OVERLOADED', 'not-executed']);
  });
});
