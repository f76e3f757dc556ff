/**
 * How long nothing can be written when the leader goes: a client writes one value after the other, the leader is killed or
 * frozen, and the gap is the longest time between two acknowledgements around that moment. The client learns of it as any
 * client does; nobody tells it.
 */
import { encodeCommand } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import type { Cluster } from '../harness/cluster.ts';
import { until } from '../harness/until.ts';

/** Acknowledgements that must come before the leader goes, and after. */
const STEADY_WRITES = 300;

/** Writes without a pause; keeps the longest time between two acknowledgements since it was last asked. */
class Writer {
  readonly #client: Client;
  #lastAt = performance.now();
  #longestMillis = 0;
  #count = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(client: Client) {
    this.#client = client;
    this.#done = this.#write();
  }

  /** Resolves when `count` more writes were acknowledged. */
  async more(count: number): Promise<void> {
    const target = this.#count + count;
    await until(`${count} writes`, () => (this.#count >= target ? true : undefined));
  }

  forget(): void {
    this.#longestMillis = 0;
  }

  get longestMillis(): number {
    return this.#longestMillis;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    await this.#client.close();
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const command = encodeCommand(['SET', 'gap', String(this.#count)].map((word) => Buffer.from(word)));
      try {
        await this.#client.propose(command);
      } catch {
        continue; // lost with the leader, or refused while there is none: the next one shows how long that lasts
      }
      const now = performance.now();
      this.#longestMillis = Math.max(this.#longestMillis, now - this.#lastAt);
      this.#lastAt = now;
      this.#count += 1;
    }
  }
}

/** One way in which a leader goes, and how it comes back. */
export interface Loss {
  readonly name: string;
  leave(cluster: Cluster, id: string): void;
  comeBack(cluster: Cluster, id: string): Promise<void>;
}

export const KILLED: Loss = {
  name: 'kill -9',
  leave: (cluster, id) => cluster.process(id).kill('SIGKILL'),
  comeBack: async (cluster, id) => {
    await cluster.process(id).exited;
    await cluster.startWorker(id);
  },
};

export const FROZEN: Loss = {
  name: 'SIGSTOP',
  leave: (cluster, id) => cluster.process(id).kill('SIGSTOP'),
  comeBack: async (cluster, id) => {
    cluster.process(id).kill('SIGCONT');
    await until(`${id} to step down`, async () =>
      (await cluster.workerStatus(id))?.role === 'learner' ? true : undefined,
    );
  },
};

/** The write gaps in milliseconds of `rounds` losses, one after the other, each healed before the next. */
export async function writeGaps(cluster: Cluster, loss: Loss, rounds: number): Promise<number[]> {
  const writer = new Writer(await Client.connect({ workers: cluster.workers.map(({ address }) => address) }));
  const gaps: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const { id } = await cluster.leader();
      await writer.more(STEADY_WRITES);
      writer.forget();
      loss.leave(cluster, id);
      await writer.more(STEADY_WRITES); // nobody is asked who leads before that: it would cost the time that is measured
      gaps.push(writer.longestMillis);
      await loss.comeBack(cluster, id);
    }
  } finally {
    await writer.stop();
  }
  return gaps;
}

/** `median`, `max` and all of them, in whole milliseconds. */
export function describeGaps(loss: Loss, gaps: readonly number[]): string {
  const sorted = gaps.map(Math.round).toSorted((left, right) => left - right);
  return `${loss.name}: median ${sorted[sorted.length >> 1]} ms, max ${sorted.at(-1)} ms of ${sorted.join(', ')}`;
}
