/** `verify`: whether a directory is undamaged, or whether the scribes of a running cluster hold the same committed log. */
import { ScriptoriumError } from '../../errors.ts';
import { contactsOf, readClusterFile } from '../../node/cluster-file.ts';
import { compareLogs } from '../../node/compare-logs.ts';
import { newestConfiguration } from '../../node/members.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { badOption, path } from '../options.ts';
import { formatTable, print, printJson } from '../output.ts';
import { describeVerdict, inspectJournal } from './inspect.ts';
import { json } from './shared.ts';

const options = {
  dir: path({
    description: "A scribe's directory: every block of it is read and checked, nothing is written.",
    fallback: undefined,
  }),
  cluster: path({
    description: "A running cluster's file: the scribes' committed logs are compared.",
    fallback: undefined,
  }),
  json,
};

async function verifyDirectory(directory: string, asJson: boolean): Promise<boolean> {
  const found = await inspectJournal(directory, 0);
  const { verdict, report, failure, damage } = found;
  const place = failure?.file === undefined ? {} : { file: failure.file, offset: failure.offset };
  if (asJson)
    printJson({
      verdict,
      code: failure?.error.code ?? null,
      ...place,
      damage,
      damagedBlocks: report.damagedBlocks,
      rebuiltBlocks: report.rebuiltBlocks,
      batches: report.batches,
      blocks: report.blocks,
    });
  else print(`${directory}: ${describeVerdict(found)} (${report.blocks} blocks, ${report.batches} batches read)`);
  // What other damaged blocks lack is batches, and those of them that are still part of a log are listed as damage.
  return verdict !== 'refused' && damage.length === 0 && report.rebuiltBlocks === 0;
}

async function verifyCluster(file: string, asJson: boolean): Promise<boolean> {
  const cluster = await readClusterFile(file);
  const { clusterId } = cluster;
  const compared = await compareLogs(clusterId, (await newestConfiguration(contactsOf(cluster), clusterId)) ?? cluster);
  if (compared.scribes.every(({ state }) => state === 'unreachable'))
    throw new ScriptoriumError(
      'UNREACHABLE',
      `nobody answers at ${compared.scribes.map(({ address }) => address).join(', ')}: nothing was compared`,
    );
  if (asJson) printJson({ clusterId, ...compared });
  else {
    const rows = compared.scribes.map(({ address, state, through }) => [address, state, through]);
    print(formatTable([['scribe', 'committed log', 'through'], ...rows]));
    print(`commit index ${compared.commitIndex}: ${compared.sound ? 'sound' : 'NOT sound'}`);
  }
  return compared.sound;
}

export const verify = defineCommand({
  name: 'verify',
  summary: 'check a directory, or compare the logs of a running cluster',
  options,
  async run({ dir, cluster, json: asJson }) {
    if (dir !== undefined && cluster !== undefined) throw badOption('--dir does not go with --cluster');
    if (dir !== undefined) return (await verifyDirectory(dir, asJson)) ? EXIT.done : EXIT.foundWrong;
    if (cluster !== undefined) return (await verifyCluster(cluster, asJson)) ? EXIT.done : EXIT.foundWrong;
    throw badOption('--dir or --cluster is needed');
  },
});
