/** The far end of a client's link with a will of its own: it shakes hands and answers when, and with what, a test says. */
import { MAX_FRAME_BYTES } from '../../src/core/limits.ts';
import { selectTransport } from '../../src/transport/select.ts';
import type { Link, Listener } from '../../src/transport/transport.ts';
import { type ClientReply, type ClientRequest, decodeRequest, encodeReply } from '../../src/wire/client-protocol.ts';
import { answerHello, decodeHandshake, encodeHandshake, type Hello } from '../../src/wire/handshake.ts';
import { livenessOf, PONG } from '../../src/wire/liveness.ts';

export const CLUSTER = 'c1'.repeat(16);

export class ScriptedWorker {
  readonly #welcomes = new Queue<() => void>();
  readonly #requests = new Queue<{ request: ClientRequest; answer(reply: ClientReply): void }>();
  readonly #partings = new Queue<undefined>();
  #listener: Listener | undefined;
  /** Answers no ping, as a process that hangs. */
  hangs = false;
  /** How many said hello. */
  greetings = 0;

  static async start(): Promise<ScriptedWorker> {
    const worker = new ScriptedWorker();
    const transport = await selectTransport('ws');
    worker.#listener = await transport.listen({
      host: '127.0.0.1',
      port: 0,
      maxFrameBytes: MAX_FRAME_BYTES,
      maxOutboxBytes: MAX_FRAME_BYTES,
      accept: (link) => {
        let greeted = false;
        return {
          message: (frame) => {
            if (!greeted) worker.#greet(link, decodeHandshake(frame) as Hello);
            else if (livenessOf(frame) === undefined) worker.#take(link, frame);
            else if (!worker.hangs) link.send(PONG);
            greeted = true;
          },
          closed: () => worker.#partings.add(undefined),
        };
      },
    });
    return worker;
  }

  get address(): string {
    return `127.0.0.1:${this.#listener?.port}`;
  }

  /** The next client that says hello; call the result to welcome it. */
  greeting(): Promise<() => void> {
    return this.#welcomes.next();
  }

  /** From now on everybody is welcome at once: also who had to dial again, on a machine that is busy. */
  welcomeAll(): void {
    void this.greeting().then((welcome) => {
      welcome();
      this.welcomeAll();
    });
  }

  /** The next end of a link, greeted or not. */
  parting(): Promise<undefined> {
    return this.#partings.next();
  }

  /** The next request, of whichever client. */
  request(): ReturnType<Queue<{ request: ClientRequest; answer(reply: ClientReply): void }>['next']> {
    return this.#requests.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.close();
  }

  #greet(link: Link, hello: Hello): void {
    const identity = { role: 'worker', id: 'w', key: 'f0'.repeat(16), address: this.address } as const;
    this.greetings++;
    this.#welcomes.add(() => void link.send(encodeHandshake(answerHello(hello, CLUSTER, identity))));
  }

  #take(link: Link, frame: Uint8Array): void {
    this.#requests.add({
      request: decodeRequest(frame.slice()),
      answer: (reply) => void link.send(encodeReply(reply)),
    });
  }
}

class Queue<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  add(item: T): void {
    const taker = this.#waiting.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(item);
  }
}
