/**
 * A Redis client that never retries, never reconnects and keeps nothing back: one command out, one reply in, and a
 * rejection when the connection ends. Tests must know exactly what was sent. Words and replies are ASCII.
 */
import { connect, type Socket } from 'node:net';

export type Reply = string | number | null | Error | readonly Reply[];

/** The reply at `offset` of `text` and where it ends; undefined when it is not all there yet. */
export function parseReply(text: string, offset: number): { readonly reply: Reply; readonly end: number } | undefined {
  const lineEnd = text.indexOf('\r\n', offset);
  if (lineEnd < 0) return undefined;
  const line = text.slice(offset + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text[offset]) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new Error(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      return text.length < end + length + 2
        ? undefined
        : { reply: text.slice(end, end + length), end: end + length + 2 };
    }
    case '*':
      return parseItems(text, end, Number(line));
    default:
      throw new Error(`not a reply: ${JSON.stringify(text.slice(offset, offset + 40))}`);
  }
}

function parseItems(text: string, offset: number, count: number): ReturnType<typeof parseReply> {
  const items: Reply[] = [];
  let end = offset;
  while (items.length < count) {
    const item = parseReply(text, end);
    if (item === undefined) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}

export class RedisClient {
  readonly #socket: Socket;
  readonly #waiting: { resolve(reply: Reply): void; reject(cause: Error): void }[] = [];
  #received = '';
  #ended: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1').on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the connection closed')));
  }

  /** `address` is `host:port`; rejects when nobody listens there. */
  static connect(address: string): Promise<RedisClient> {
    const [host = '', port = ''] = address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RedisClient(socket)));
    });
  }

  /** Resolves to the reply, also when it is an error reply; rejects when the connection ended first. */
  call(...words: readonly string[]): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const lines = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`*${words.length}\r\n${lines.join('')}`);
    });
  }

  get open(): boolean {
    return this.#ended === undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    for (let next = parseReply(this.#received, 0); next !== undefined; next = parseReply(this.#received, 0)) {
      this.#received = this.#received.slice(next.end);
      this.#waiting.shift()?.resolve(next.reply);
    }
  }

  #end(cause: Error): void {
    this.#ended ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
