/**
 * Two ways to the key-value store, as a client of the checker's model sees them: over Redis' protocol and over the log's own
 * client. Each says how a call ended exactly as the system said it: what it did not answer is unknown, never "no".
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isScriptoriumError } from '../../src/errors.ts';
import { decodeAnswer, encodeCommand, encodeQuery } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { parseReply, RedisClient, type Reply } from '../harness/redis-client.ts';
import { type Action, REFUSED, type Result } from '../linearizability/history.ts';

/** How a call ended, with what was said about it. */
export type Said =
  | { readonly kind: 'answered'; readonly result: Result }
  | { readonly kind: 'unknown' | 'not-executed'; readonly why: string };

/** How a call ended: `done`, or the outcome that its error claims. */
export async function ending(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (!isScriptoriumError(error)) throw error;
    return error.outcome;
  }
}

export interface StoreAccess {
  /** Resolves when there is somebody to talk to. */
  ready(): Promise<void>;
  call(key: string, action: Action, deadlineMillis: number): Promise<Said>;
  close(): Promise<void>;
}

const RETRY_MILLIS = 20;

function wordsOf(key: string, action: Action): readonly string[] {
  switch (action.kind) {
    case 'get':
      return ['GET', key];
    case 'set':
      return ['SET', key, action.value];
    case 'increment':
      return ['INCRBY', key, String(action.by)];
    case 'append':
      return ['APPEND', key, action.text];
    case 'delete':
      return ['DEL', key];
    case 'compareAndSet':
      if (action.expected !== undefined) throw new Error('Redis compares with absence only');
      return ['SETNX', key, action.value];
  }
}

/** What a reply says in the words of the model. */
function interpret(action: Action, reply: Reply): Said {
  if (reply instanceof Error) {
    if (/^(TRYAGAIN|CLUSTERDOWN) /.test(reply.message)) return { kind: 'not-executed', why: reply.message };
    if (reply.message.startsWith('UNKNOWN outcome')) return { kind: 'unknown', why: reply.message };
    if (reply.message.startsWith('ERR value is not an integer')) return { kind: 'answered', result: REFUSED };
    throw new Error(`${action.kind} was answered with ${reply.message}`);
  }
  if (action.kind === 'set' && reply === 'OK') return { kind: 'answered', result: null };
  if (action.kind === 'get' && (reply === null || typeof reply === 'string'))
    return { kind: 'answered', result: reply };
  if (typeof reply !== 'number') throw new Error(`${action.kind} was answered with ${JSON.stringify(reply)}`);
  const isYesOrNo = action.kind === 'delete' || action.kind === 'compareAndSet';
  return { kind: 'answered', result: isYesOrNo ? reply === 1 : reply };
}

/** Talks to one worker at a time and goes on to the next when the connection ends. */
export class RedisAccess implements StoreAccess {
  readonly #addresses: readonly string[];
  #next: number;
  #client: RedisClient | undefined;
  #closed = false;

  /** Begins with the address at `first`. */
  constructor(addresses: readonly string[], first: number) {
    this.#addresses = addresses;
    this.#next = first;
  }

  async ready(): Promise<void> {
    while (this.#client?.open !== true && !this.#closed) {
      const address = this.#addresses[this.#next % this.#addresses.length]!;
      this.#next += 1;
      try {
        this.#client = await RedisClient.connect(address);
      } catch {
        await pause(RETRY_MILLIS);
      }
    }
  }

  async call(key: string, action: Action): Promise<Said> {
    if (this.#client?.open !== true) return { kind: 'not-executed', why: 'no connection' };
    let reply: Reply;
    try {
      reply = await this.#client.call(...wordsOf(key, action));
    } catch (error) {
      return { kind: 'unknown', why: (error as Error).message };
    }
    return interpret(action, reply);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#client?.close();
  }
}

export class ClientAccess implements StoreAccess {
  readonly #client: Promise<Client>;

  constructor(addresses: readonly string[]) {
    this.#client = Client.connect({ workers: addresses });
  }

  async ready(): Promise<void> {
    await this.#client;
  }

  async call(key: string, action: Action, deadlineMillis: number): Promise<Said> {
    const client = await this.#client;
    const words = wordsOf(key, action).map((word) => Buffer.from(word, 'latin1'));
    let bytes: Uint8Array;
    try {
      if (action.kind === 'get')
        bytes = decodeAnswer(await client.read(encodeQuery(0, [words]), { deadlineMillis })).replies;
      else bytes = (await client.propose(encodeCommand(words), { deadlineMillis })).result;
    } catch (error) {
      if (!isScriptoriumError(error) || error.outcome === 'executed') throw error;
      return { kind: error.outcome, why: error.code };
    }
    const { reply } = parseReply(Buffer.from(bytes).toString('latin1'), 0)!;
    return interpret(action, reply);
  }

  async close(): Promise<void> {
    await (await this.#client).close();
  }
}
