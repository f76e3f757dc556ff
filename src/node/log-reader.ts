/**
 * Reads one scribe's durable log from its beginning, over the network, as a worker that catches up does (R6): every read
 * names what it must follow, so what comes out is one unbroken log or an error. It probes and reads and never asks for a
 * vote, so it changes nothing anywhere. What it yields is durable on that scribe; whether it is committed, only a majority
 * of scribes can tell.
 */
import type { Message, PeerKey, ReadReply } from '../core/messages.ts';
import { type Batch, type EntryId, lastIndex, ORIGIN } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import { pause, systemClock } from '../runtime/clock.ts';
import { Links } from '../runtime/links.ts';
import { silentLog } from '../runtime/log.ts';
import { randomHex } from '../runtime/random.ts';
import { selectTransport } from '../transport/select.ts';
import type { Transport } from '../transport/transport.ts';

const READ_BYTES = 1024 * 1024;
/** For a link to come up, redials included. */
const LINK_MILLIS = 2000;
const ANSWER_MILLIS = 5000;
/** After a scribe that could not answer just now. */
const PAUSE_MILLIS = 20;

export interface LogReaderOptions {
  readonly clusterId: string;
  /** Of the scribe, `host:port`. */
  readonly address: string;
}

interface Waiting {
  resolve(message: Message | null): void;
}

class ReadLink {
  readonly #links: Links;
  readonly #address: string;
  #peer: PeerKey | null = null;
  #waiting: Waiting | null = null;

  private constructor(transport: Transport, { clusterId, address }: LogReaderOptions) {
    this.#address = address;
    this.#links = new Links({
      transport,
      clusterId,
      // Never listens: the address is where nobody is.
      identity: { role: 'worker', id: 'log-reader', key: randomHex(16), address: '127.0.0.1:0' },
      log: silentLog,
      clock: systemClock,
      copyFrames: true, // batches outlive the handler
      handlers: {
        linkUp: (from) => this.#up(from),
        linkDown: () => this.#settle(null),
        message: (_from, message) => {
          if (message.kind === 'readReply') this.#settle(message);
        },
        client: () => undefined,
      },
    });
  }

  static async open(options: LogReaderOptions): Promise<ReadLink> {
    const reader = new ReadLink(await selectTransport('ws'), options);
    const up = reader.#next('no link', LINK_MILLIS);
    reader.#links.want(new Set([options.address]));
    try {
      await up;
    } catch (error) {
      await reader.close(); // else it would redial for ever
      throw error;
    }
    return reader;
  }

  /** One read and its answer; rejects UNREACHABLE when the link ends or stays silent. */
  async read(request: number, prev: EntryId): Promise<ReadReply> {
    const answer = this.#next('no answer', ANSWER_MILLIS);
    const sent = this.#links.send(this.#peer!, { kind: 'read', request, prev, asOf: null, maxBytes: READ_BYTES });
    if (!sent) this.#settle(null);
    const message = await answer;
    if (message?.kind !== 'readReply') throw this.#unreachable('the link ended');
    return message;
  }

  close(): Promise<void> {
    return this.#links.close();
  }

  #up(from: PeerKey): void {
    this.#peer = from;
    this.#settle(null);
  }

  #settle(message: Message | null): void {
    this.#waiting?.resolve(message);
    this.#waiting = null;
  }

  #next(otherwise: string, millis: number): Promise<Message | null> {
    return new Promise((resolve, reject) => {
      const cancel = systemClock.setTimer(millis, () => reject(this.#unreachable(`${otherwise} in ${millis} ms`)));
      this.#waiting = {
        resolve: (message) => {
          cancel();
          resolve(message);
        },
      };
    });
  }

  #unreachable(why: string): ScriptoriumError {
    return new ScriptoriumError('UNREACHABLE', `scribe at ${this.#address}: ${why}`);
  }
}

/** Every batch of the scribe's durable log as it was when the end was reached, in order. RANGE_GONE when its beginning was dropped. */
export async function* readScribeLog(options: LogReaderOptions): AsyncGenerator<Batch, void, undefined> {
  const link = await ReadLink.open(options);
  try {
    let prev = ORIGIN;
    for (let request = 1; ; request += 1) {
      const reply = await link.read(request, prev);
      if (reply.outcome === 'unable') await pause(PAUSE_MILLIS);
      else if (reply.outcome !== 'entries')
        throw new ScriptoriumError(
          'RANGE_GONE',
          `scribe at ${options.address} does not hold what follows ${prev.index}`,
        );
      else if (reply.batches.length === 0) return;
      for (const batch of reply.batches) {
        yield batch;
        prev = { index: lastIndex(batch), term: batch.term };
      }
    }
  } finally {
    await link.close();
  }
}
