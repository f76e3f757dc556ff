/** What the codec of one kind of message is; the families implement it, message.ts picks by kind and by number. */
import type { Message } from '../core/messages.ts';
import type { Batch } from '../core/types.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

export interface MessageCodec<M extends Message> {
  readonly type: number;
  /** Writes the head only; batches are put behind it by the caller. */
  write(head: ByteWriter, message: M): void;
  /** Reads the head; `batches` were checked one by one. Throws BAD_FRAME for what makes no sense (N20). */
  read(head: ByteReader, batches: readonly Batch[]): M;
}
