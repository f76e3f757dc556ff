/** Messages of reading: entries out of band (R6, R16) and the index of a linearizable read (R20). */
import type { IndexReply, IndexRequest, Read, ReadReply } from '../core/messages.ts';
import { checkAdjacent } from './adjacent.ts';
import { badFrame } from './byte-reader.ts';
import type { MessageCodec } from './codec.ts';
import {
  readChoice,
  readEntryId,
  readOptionalEntryId,
  writeChoice,
  writeEntryId,
  writeOptionalEntryId,
} from './fields.ts';
import { FRAME_TYPES } from './frame.ts';

const READ_OUTCOMES: readonly ReadReply['outcome'][] = ['entries', 'conflict', 'gone', 'unable', 'unknown'];

export const read: MessageCodec<Read> = {
  type: FRAME_TYPES.read,
  write(head, message) {
    head.u64(message.request);
    writeEntryId(head, message.prev);
    writeOptionalEntryId(head, message.asOf);
    head.u32(message.maxBytes);
  },
  read: (head) => ({
    kind: 'read',
    request: head.u64(),
    prev: readEntryId(head),
    asOf: readOptionalEntryId(head),
    maxBytes: head.u32(),
  }),
};

export const readReply: MessageCodec<ReadReply> = {
  type: FRAME_TYPES.readReply,
  write(head, message) {
    head.u64(message.request);
    writeChoice(head, READ_OUTCOMES, message.outcome);
    writeEntryId(head, message.hint);
    writeEntryId(head, message.commit);
  },
  read(head, batches) {
    const request = head.u64();
    const outcome = readChoice(head, READ_OUTCOMES);
    const hint = readEntryId(head);
    const commit = readEntryId(head);
    if (outcome !== 'entries' && batches.length > 0) throw badFrame('entries in an answer that has none');
    checkAdjacent(null, batches);
    return { kind: 'readReply', request, outcome, batches, hint, commit };
  },
};

export const indexRequest: MessageCodec<IndexRequest> = {
  type: FRAME_TYPES.indexRequest,
  write: (head, message) => head.u64(message.request),
  read: (head) => ({ kind: 'indexRequest', request: head.u64() }),
};

export const indexReply: MessageCodec<IndexReply> = {
  type: FRAME_TYPES.indexReply,
  write(head, message) {
    head.u64(message.request);
    head.u8(message.index === null ? 0 : 1);
    if (message.index !== null) head.u64(message.index);
  },
  read: (head) => ({ kind: 'indexReply', request: head.u64(), index: head.flag() ? head.u64() : null }),
};
