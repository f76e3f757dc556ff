/**
 * An embedded durable queue: what was put is taken in order, at least once, also after a crash. A task leaves the disk when
 * the work on it is done; whoever dies in the middle of one finds it again. One process at a time, one consumer.
 *
 *   node dist/examples/durable-queue.js ./tasks put "feed the cat"
 *   node dist/examples/durable-queue.js ./tasks work
 */
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { DurableLog, type ReadOptions } from 'scriptorium/journal';

export class DurableQueue {
  readonly #log: DurableLog;

  private constructor(log: DurableLog) {
    this.#log = log;
  }

  static async open(directory: string): Promise<DurableQueue> {
    return new DurableQueue(await DurableLog.open({ directory, create: true }));
  }

  get size(): number {
    return this.#log.lastIndex - this.#log.firstIndex + 1;
  }

  /** Resolves when the task is on the disk. */
  async put(task: string): Promise<void> {
    await this.#log.append(Buffer.from(task));
  }

  /** Works on one task after the other; `live: true` waits for more, which this process puts, until aborted or closed. */
  async work(handle: (task: string) => Promise<void>, options: ReadOptions = {}): Promise<void> {
    for await (const { index, bytes } of this.#log.read(options)) {
      await handle(Buffer.from(bytes).toString());
      await this.#log.truncatePrefix(index);
    }
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const [directory = './tasks', command, ...words] = argv.slice(2);
  const queue = await DurableQueue.open(directory);
  if (command === 'put') await queue.put(words.join(' '));
  else await queue.work(async (task) => console.log(task));
  await queue.close();
}
