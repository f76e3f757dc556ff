/**
 * Core messages as frames and back. What comes out of `decodeMessage` has passed every check that needs no state: the
 * checksums, the bounds, the shape, and what no honest peer could say (N20). Batches of a decoded message alias the
 * frame, so they live only as long as its memory does.
 */
import type { Append, Message, ReadReply } from '../core/messages.ts';
import type { Batch } from '../core/types.ts';
import { decodeBatches } from './batch.ts';
import { badFrame } from './byte-reader.ts';
import type { MessageCodec } from './codec.ts';
import {
  leaderGone,
  leaderNotice,
  probe,
  probeReply,
  takeOver,
  transferVote,
  vote,
  voteReply,
} from './election-codec.ts';
import { claimedType, FRAME_TYPES, openFrame, sealHead, startFrame } from './frame.ts';
import { indexReply, indexRequest, read, readReply } from './reading-codec.ts';
import { append, appendReply, configurationNotice, fetch, follow } from './replication-codec.ts';

export type MessageKind = Message['kind'];
type AnyCodec = MessageCodec<Message>;

const CODECS: { readonly [K in MessageKind]: MessageCodec<Extract<Message, { kind: K }>> } = {
  probe,
  probeReply,
  vote,
  takeOver,
  transferVote,
  voteReply,
  append,
  appendReply,
  read,
  readReply,
  fetch,
  configurationNotice,
  follow,
  leaderNotice,
  leaderGone,
  indexRequest,
  indexReply,
};

const CODECS_BY_TYPE: readonly (AnyCodec | undefined)[] = Object.values(CODECS).reduce<(AnyCodec | undefined)[]>(
  (table, codec) => {
    table[codec.type] = codec as AnyCodec;
    return table;
  },
  new Array(FRAME_TYPES.leaderGone + 1).fill(undefined),
);

const NO_BATCHES: readonly Batch[] = [];
/** More than any head without a configuration needs. */
const HEAD_CAPACITY = 128;

const carriesBatches = (message: Message): message is Append | ReadReply =>
  message.kind === 'append' || message.kind === 'readReply';

/** Whether the batches of this frame, once decoded, would alias it. */
export function framesBatches(frame: Uint8Array): boolean {
  const type = claimedType(frame);
  return type === FRAME_TYPES.append || type === FRAME_TYPES.readReply;
}

/** One new frame; the batches' bytes are copied into it, not re-encoded. */
export function encodeMessage(message: Message): Uint8Array {
  const codec = CODECS[message.kind] as AnyCodec;
  const batches = carriesBatches(message) ? message.batches : NO_BATCHES;
  let batchBytes = 0;
  for (const batch of batches) batchBytes += batch.bytes.length;
  const writer = startFrame(codec.type, HEAD_CAPACITY, batchBytes);
  codec.write(writer, message);
  sealHead(writer, batchBytes);
  for (const batch of batches) writer.raw(batch.bytes);
  return writer.written();
}

/** Throws BAD_FRAME or BAD_BATCH. */
export function decodeMessage(frame: Uint8Array): Message {
  const { type, head, batches: batchBytes } = openFrame(frame);
  const codec = CODECS_BY_TYPE[type];
  if (codec === undefined) throw badFrame(`no message between peers has type ${type}`);
  const batches = batchBytes.length === 0 ? NO_BATCHES : decodeBatches(batchBytes);
  const message = codec.read(head, batches);
  head.end();
  if (batches.length > 0 && !carriesBatches(message)) throw badFrame('batches behind a message that has none');
  return message;
}
