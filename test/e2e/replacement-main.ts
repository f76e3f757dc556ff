/**
 * `npm run bench:members [MEBIBYTES]`: the latency of writes while a scribe whose disk was lost is replaced with one command,
 * beside the latency before, in the same run: default settings, three scribes and workers, a log of that many MiB (default 64)
 * for the newcomer to read. Then the logs are compared. Ends with 1 when anything acknowledged is missing.
 */
import { encodeCommand } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { until } from '../harness/until.ts';

const WRITERS = 16;
const VALUE = Buffer.alloc(1024, 'x');
const PRELOAD_VALUE = Buffer.alloc(64 * 1024, 'x');
const BEFORE_MILLIS = 5_000;

const mebibytes = Number(process.argv[2] ?? 64);
if (!Number.isSafeInteger(mebibytes) || mebibytes < 1) throw new Error('MEBIBYTES is a whole number from 1');

const set = (key: string, value: Buffer): Uint8Array => encodeCommand([Buffer.from('SET'), Buffer.from(key), value]);

/** Writers in closed loops; `latencies` is what was acknowledged since it was last emptied, in milliseconds. */
class Writers {
  latencies: number[] = [];
  refused = 0;
  readonly #client: Client;
  readonly #done: Promise<unknown>;
  #stopped = false;

  constructor(client: Client) {
    this.#client = client;
    this.#done = Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #write(writer: number): Promise<void> {
    while (!this.#stopped) {
      const began = performance.now();
      try {
        await this.#client.propose(set(`${writer}`, VALUE));
        this.latencies.push(performance.now() - began);
      } catch {
        this.refused += 1;
      }
    }
  }
}

function describe(when: string, millis: number, latencies: readonly number[]): number {
  const sorted = latencies.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const shown = [0.5, 0.99, 1].map((share) => at(share).toFixed(1)).join(' / ');
  console.log(`${when}: ${sorted.length} writes in ${Math.round(millis)} ms, p50 / p99 / max ${shown} ms`);
  return at(0.99);
}

await Cluster.with({}, async (cluster) => {
  await using client = await Client.connect({ workers: cluster.workers.map(({ address }) => address) });
  for (let sent = 0; sent < mebibytes; sent += 1)
    await client.proposeBatch(Array.from({ length: 16 }, (_, entry) => set(`preload${entry}`, PRELOAD_VALUE)));
  await cluster.process('c').killHard();
  const place = await cluster.startNewcomer('c', 'c');
  const writers = new Writers(client);
  await until('writes', () => (writers.latencies.length > 1000 ? true : undefined));

  writers.latencies = [];
  const begin = performance.now();
  await until('the time before', () => (performance.now() - begin > BEFORE_MILLIS ? true : undefined));
  const before = describe('before', performance.now() - begin, writers.latencies);

  writers.latencies = [];
  const changing = performance.now();
  const { code, stderr } = await scriptorium('members', 'replace', '--cluster', cluster.clusterFile, '--scribe', 'c');
  if (code !== 0) throw new Error(stderr);
  const during = describe('during', performance.now() - changing, writers.latencies);
  console.log(
    `p99 during / before: ${(during / before).toFixed(2)}; ${writers.refused} writes were refused or lost sight of`,
  );

  await writers.stop();
  const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
  console.log(compared.stdout.trimEnd(), (await cluster.scribeStatus(place.id))?.state);
  process.exitCode = compared.code ?? 1;
});
