/** `status`: what a running cluster's servers say of themselves, side by side. */

import { membersOf } from '../../core/quorum.ts';
import { ScriptoriumError } from '../../errors.ts';
import { contactsOf, readClusterFile } from '../../node/cluster-file.ts';
import { newestConfiguration } from '../../node/members.ts';
import { scribeStatus, workerStatus } from '../../node/observe.ts';
import type { ScribeStatus, WorkerStatus } from '../../node/status.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { addresses, path } from '../options.ts';
import { formatTable, print, printJson } from '../output.ts';
import { json } from './shared.ts';

/** Where `dev` puts it. */
const DEFAULT_CLUSTER_FILE = './data/cluster.json';

const options = {
  cluster: path({
    description: `Cluster file: where the scribes are; without any address ${DEFAULT_CLUSTER_FILE}.`,
    fallback: undefined,
  }),
  scribes: addresses({ description: 'Scribes to ask, where there is no cluster file.' }),
  workers: addresses({ description: 'Workers to ask; the leader is asked anyway.' }),
  json,
};

export interface ClusterStatus {
  readonly clusterId: string | null;
  readonly term: number;
  /** Worker id, or null. */
  readonly leader: string | null;
  readonly commitIndex: number;
  readonly appliedIndex: number | null;
  readonly scribes: readonly ScribeReport[];
  readonly workers: readonly WorkerStatus[];
  /** Addresses of workers that were named, or are said to lead, and do not answer. */
  readonly unreachableWorkers: readonly string[];
}

/** A scribe that did not answer is known by its address alone. */
export type ScribeReport = ScribeStatus | { readonly address: string; readonly state: 'unreachable' };

const answered = (report: ScribeReport): report is ScribeStatus => report.state !== 'unreachable';

interface AskedWorkers {
  readonly answers: readonly WorkerStatus[];
  readonly unreachable: readonly string[];
}

async function askWorkers(addresses: readonly string[], clusterId: string | undefined): Promise<AskedWorkers> {
  const told = await Promise.all(
    addresses.map(async (address) => ({ address, status: await workerStatus(address, clusterId) })),
  );
  return {
    answers: told.flatMap(({ status }) => status ?? []),
    unreachable: told.flatMap(({ address, status }) => (status === null ? address : [])),
  };
}

/** The members of the newest configuration that anybody asked knows, and whoever was named; while nobody answers, who was listed. */
async function whereScribesAre(
  listed: readonly string[],
  workers: readonly WorkerStatus[],
  clusterId: string | undefined,
): Promise<readonly string[]> {
  const told = [await newestConfiguration(listed, clusterId), ...workers.map(({ configuration }) => configuration)];
  const newest = told.reduce((best, one) => ((one?.index ?? 0) > (best?.index ?? 0) ? one : best), null);
  return newest === null ? listed : membersOf(newest).map(({ address }) => address);
}

/** One picture out of what each told: the newest term wins, since the others have not heard of it yet. */
function summarize(
  scribes: readonly ScribeReport[],
  { answers: workers, unreachable }: AskedWorkers,
  clusterId: string | null,
): ClusterStatus {
  const leading = workers.filter(({ role }) => role === 'leader').sort((left, right) => right.term - left.term)[0];
  const knowing = workers.filter((it) => it.leader !== null).sort((left, right) => right.term - left.term)[0];
  const reports = scribes.filter(answered);
  const following = reports.filter((it) => it.leader !== null).sort((left, right) => right.term - left.term)[0];
  return {
    clusterId: clusterId ?? workers[0]?.clusterId ?? null,
    term: Math.max(0, ...reports.map(({ term }) => term), ...workers.map(({ term }) => term)),
    leader: leading?.workerId ?? knowing?.leader?.workerId ?? following?.leader?.workerId ?? null,
    commitIndex: Math.max(0, ...reports.map((it) => it.commitIndex), ...workers.map((it) => it.commitIndex)),
    appliedIndex: workers.length === 0 ? null : Math.max(...workers.map((it) => it.appliedIndex)),
    scribes,
    workers,
    unreachableWorkers: unreachable,
  };
}

/** A leader that asks and holds none is promised too little by the scribes, or cannot reach a quorum. */
function leaseOf({ role, lease }: WorkerStatus): string {
  if (lease.millis === 0) return 'off';
  if (role !== 'leader') return 'on';
  return lease.held ? 'held' : 'not held';
}

function printStatus(status: ClusterStatus): void {
  const applied = status.appliedIndex === null ? '' : `, applied ${status.appliedIndex}`;
  print(
    `cluster ${status.clusterId ?? 'unknown'}: term ${status.term}, leader ${status.leader ?? 'none'}, commit ${status.commitIndex}${applied}`,
  );
  const scribeRow = (it: ScribeReport): (string | number)[] =>
    answered(it)
      ? [
          it.scribeId,
          it.address,
          it.state === 'ok' && it.noSpace ? 'no space' : it.state,
          it.term,
          it.tail.index,
          it.durableIndex,
          it.commitIndex,
          it.maxLeaseMillis,
        ]
      : ['?', it.address, it.state];
  print(
    formatTable([
      ['scribe', 'address', 'state', 'term', 'tail', 'durable', 'commit', 'lease ms'],
      ...status.scribes.map(scribeRow),
    ]),
  );
  const workerRow = (it: WorkerStatus): (string | number)[] => [
    it.workerId,
    it.role,
    it.term,
    it.tailIndex,
    it.commitIndex,
    it.appliedIndex,
    leaseOf(it),
  ];
  const rows = [...status.workers.map(workerRow), ...status.unreachableWorkers.map((at) => [at, 'unreachable'])];
  if (rows.length > 0) print(formatTable([['worker', 'role', 'term', 'tail', 'commit', 'applied', 'lease'], ...rows]));
}

export const status = defineCommand({
  name: 'status',
  summary: 'show what the servers of a running cluster say',
  options,
  async run(settings) {
    const nothingNamed = settings.scribes.length + settings.workers.length === 0;
    const path = settings.cluster ?? (nothingNamed ? DEFAULT_CLUSTER_FILE : undefined);
    const file = path === undefined ? null : await readClusterFile(path);
    const named = await askWorkers(settings.workers, file?.clusterId);
    const listed = [...(file === null ? [] : contactsOf(file)), ...settings.scribes];
    const scribeAddresses = await whereScribesAre(listed, named.answers, file?.clusterId);
    const scribes = await Promise.all(
      scribeAddresses.map(
        async (address): Promise<ScribeReport> =>
          (await scribeStatus(address, file?.clusterId)) ?? { address, state: 'unreachable' },
      ),
    );
    // Workers are in no list: the leader is known through the scribes, the others must be named.
    const leaders = scribes.filter(answered).flatMap((it) => it.leader?.address ?? []);
    const unasked = [...new Set(leaders)].filter((address) => !settings.workers.includes(address));
    const leading = await askWorkers(unasked, file?.clusterId);
    const workers = {
      answers: [...named.answers, ...leading.answers],
      unreachable: [...named.unreachable, ...leading.unreachable],
    };
    const found = summarize(scribes, workers, file?.clusterId ?? null);
    if (found.workers.length === 0 && !found.scribes.some(answered))
      throw new ScriptoriumError(
        'UNREACHABLE',
        `nobody answers at ${[...scribeAddresses, ...settings.workers].join(', ')}`,
      );
    const recovered = file?.recovered;
    if (settings.json) printJson(recovered === undefined ? found : { ...found, recovered });
    else {
      printStatus(found);
      if (recovered !== undefined)
        print(`recovered unsafely from cluster ${recovered.clusterId} at entry ${recovered.tail.index}`);
    }
    return EXIT.done;
  },
});
