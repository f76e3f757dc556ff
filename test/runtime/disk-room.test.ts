/** What reaches a scribe's machine while its disk is full, with a journal that says what it is told to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Append, Message } from '../../src/core/messages.ts';
import type { Batch } from '../../src/core/types.ts';
import { DiskRoom, type Room } from '../../src/runtime/disk-room.ts';

/** So many bytes of batches are taken; votes and the like as long as there is a reserve. */
class Disk implements Room {
  free = 1000;
  reserve = true;
  full = false;
  admits(batches: number, bytes: number): boolean {
    return batches === 0 ? this.reserve : bytes <= this.free;
  }
  stats(): { noSpace: boolean } {
    return { noSpace: this.full };
  }
}

const id = { index: 1, term: 1 };
const batches = (...sizes: number[]): Batch[] => sizes.map((size) => ({ bytes: new Uint8Array(size) }) as Batch);
const append = (...sizes: number[]): Append => ({
  kind: 'append',
  leaseMillis: 0,
  term: 1,
  incarnation: 'v1',
  prev: id,
  batches: batches(...sizes),
  commit: 0,
  round: 0,
  echo: false,
});
const vote: Message = { kind: 'vote', term: 2, incarnation: 'v1', tail: id };
const fetch: Message = { kind: 'fetch', term: 1, incarnation: 'v1', source: 'b', upTo: id };
const read: Message = { kind: 'read', request: 1, prev: id, asOf: null, maxBytes: 1 };
const chunk: Message = {
  kind: 'readReply',
  request: 1,
  outcome: 'entries',
  batches: batches(600, 600),
  hint: id,
  commit: id,
};

const taken = (): boolean => true;

describe('S27: a scribe with a full disk', () => {
  test('takes every message as it is while there is room', () => {
    const room = new DiskRoom(new Disk(), taken);
    for (const message of [append(), append(1000), vote, fetch, read]) assert.equal(room.judge(message), 'whole');
  });

  test('hears appends without storing them, from the first that does not fit until there is room for a segment', () => {
    const disk = new Disk();
    const room = new DiskRoom(disk, taken);
    disk.full = true;
    assert.equal(room.judge(append(500)), 'whole', 'what still fits is stored');
    assert.equal(room.judge(append(600, 600)), 'unstored');
    assert.equal(room.judge(append(10)), 'unstored', 'it would leave a gap');
    assert.equal(room.judge(append()), 'unstored');
    for (const message of [fetch, chunk]) assert.equal(room.judge(message), 'lost');
    for (const message of [vote, read]) assert.equal(room.judge(message), 'whole');
    disk.full = false;
    disk.free = 10_000;
    for (const message of [append(600, 600), append(), fetch, chunk]) assert.equal(room.judge(message), 'whole');
  });

  test('hears nothing that may have it write once the reserve is used up', () => {
    const disk = new Disk();
    const room = new DiskRoom(disk, taken);
    Object.assign(disk, { full: true, free: 0, reserve: false });
    for (const message of [append(1), append(), vote, fetch, chunk]) assert.equal(room.judge(message), 'lost');
    assert.equal(room.judge(read), 'whole');
  });

  test('keeps what it let through and found no room for, in order, and lets nothing more through before that is written', () => {
    const disk = new Disk();
    const written: string[] = [];
    const room = new DiskRoom<string>(disk, (record) => {
      if (!disk.reserve) return false;
      written.push(record);
      return true;
    });
    room.write(['term 1', 'vote 1']);
    disk.reserve = false;
    room.write(['vote 2']);
    room.write(['vote 3']);
    assert.deepEqual(written, ['term 1', 'vote 1']);
    disk.reserve = true;
    assert.equal(room.judge(append(1)), 'lost', 'it would come before the votes');
    assert.deepEqual(room.allow({ kind: 'tick' }), { kind: 'tick' });
    assert.deepEqual(written, ['term 1', 'vote 1', 'vote 2', 'vote 3']);
    assert.equal(room.judge(append(1)), 'whole');
  });
});
