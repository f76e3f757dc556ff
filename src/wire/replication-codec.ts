/** Messages of replication (protocol §3): append and its answer, fetch, follow. */
import type { Append, AppendReply, ConfigurationNotice, Fetch, Follow } from '../core/messages.ts';
import { checkAdjacent } from './adjacent.ts';
import { badFrame } from './byte-reader.ts';
import type { MessageCodec } from './codec.ts';
import { readConfiguration, writeConfiguration } from './configuration.ts';
import { readEntryId, readLivingTerm, readOptionalEntryId, writeEntryId, writeOptionalEntryId } from './fields.ts';
import { FRAME_TYPES } from './frame.ts';

export const append: MessageCodec<Append> = {
  type: FRAME_TYPES.append,
  write(head, message) {
    head.u64(message.term);
    head.hex128(message.incarnation);
    writeEntryId(head, message.prev);
    head.u64(message.commit);
    head.u64(message.round);
    head.u8(message.echo ? 1 : 0);
    head.u32(message.leaseMillis);
  },
  read(head, batches) {
    const message: Append = {
      kind: 'append',
      term: readLivingTerm(head),
      incarnation: head.hex128(),
      prev: readEntryId(head),
      commit: head.u64(),
      round: head.u64(),
      echo: head.flag(),
      leaseMillis: head.u32(),
      batches,
    };
    const end = checkAdjacent(message.prev, batches);
    if (end.term > message.term) throw badFrame('an entry from a later term than its leader');
    return message;
  },
};

export const appendReply: MessageCodec<AppendReply> = {
  type: FRAME_TYPES.appendReply,
  write(head, message) {
    head.u64(message.term);
    head.hex128(message.incarnation);
    writeEntryId(head, message.durable);
    writeOptionalEntryId(head, message.conflict);
    head.u64(message.round);
    head.u32(message.leaseMillis);
    head.u64(Math.round(message.writeMicros));
    head.u64(Math.round(message.fsyncMicros));
  },
  read: (head) => ({
    kind: 'appendReply',
    term: readLivingTerm(head),
    incarnation: head.hex128(),
    durable: readEntryId(head),
    conflict: readOptionalEntryId(head),
    round: head.u64(),
    leaseMillis: head.u32(),
    writeMicros: head.u64(),
    fsyncMicros: head.u64(),
  }),
};

export const fetch: MessageCodec<Fetch> = {
  type: FRAME_TYPES.fetch,
  write(head, message) {
    head.u64(message.term);
    head.hex128(message.incarnation);
    head.hex128(message.source);
    writeEntryId(head, message.upTo);
  },
  read: (head) => ({
    kind: 'fetch',
    term: readLivingTerm(head),
    incarnation: head.hex128(),
    source: head.hex128(),
    upTo: readEntryId(head),
  }),
};

export const configurationNotice: MessageCodec<ConfigurationNotice> = {
  type: FRAME_TYPES.configurationNotice,
  write(head, message) {
    head.u64(message.term);
    writeEntryId(head, message.configuration.id);
    writeConfiguration(head, message.configuration.configuration);
    head.u8(message.committed ? 1 : 0);
  },
  read: (head) => ({
    kind: 'configurationNotice',
    term: readLivingTerm(head),
    configuration: { id: readEntryId(head), configuration: readConfiguration(head, false) },
    committed: head.flag(),
  }),
};

export const follow: MessageCodec<Follow> = {
  type: FRAME_TYPES.follow,
  write: (head, message) => writeEntryId(head, message.tail),
  read: (head) => ({ kind: 'follow', tail: readEntryId(head) }),
};
