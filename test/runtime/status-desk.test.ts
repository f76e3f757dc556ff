/** What a scribe says to a client: its status, and whom to ask instead. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openStatusDesk } from '../../src/runtime/status-desk.ts';
import { decodeReply, encodeRequest } from '../../src/wire/client-protocol.ts';
import { encodeEntry } from '../../src/wire/entries.ts';
import { livenessOf, PING } from '../../src/wire/liveness.ts';

function open() {
  const sent: Uint8Array[] = [];
  const closings: string[] = [];
  const link = {
    send: (frame: Uint8Array) => sent.push(frame) > 0,
    close: (_code: number, reason: string) => void closings.push(reason),
    outboxBytes: 0,
    remote: 'test',
  };
  return { desk: openStatusDesk(link, () => ({ is: 'well' })), sent, closings };
}

describe('a scribe asked by a client', () => {
  test('N13: answers a ping, as who waits for its status asks when that takes long', () => {
    const { desk, sent, closings } = open();
    desk.message(PING);
    desk.message(encodeRequest({ kind: 'status', request: 1 }));
    assert.deepEqual(closings, []);
    assert.equal(livenessOf(sent[0] as Uint8Array), 'pong');
    assert.deepEqual(decodeReply(sent[1] as Uint8Array), { kind: 'statusReply', request: 1, status: { is: 'well' } });
  });

  test('refuses what only a worker does', () => {
    const { desk, sent } = open();
    desk.message(
      encodeRequest({
        kind: 'propose',
        request: 1,
        deadlineMillis: 1,
        count: 1,
        section: encodeEntry(Buffer.from('x')),
      }),
    );
    const reply = decodeReply(sent[0] as Uint8Array);
    assert.ok(reply.kind === 'failure');
    assert.deepEqual([reply.code, reply.outcome], ['NOT_LEADER', 'not-executed']);
  });

  test('closes a link that says what is no request', () => {
    const { desk, closings } = open();
    desk.message(Buffer.from('nonsense'));
    assert.equal(closings.length, 1);
  });
});
