/**
 * `unsafe-recover`: makes a new cluster of what scribes have left when a quorum of them is lost for ever. Says what there is and writes
 * nothing, unless both the cluster's id and the confirmation of exactly what was shown are given back.
 */
import { planRecovery, type RecoveryPlan, recover } from '../../node/unsafe-recovery.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { badOption, clusterIdentifier, path, paths, planConfirmation } from '../options.ts';
import { formatTable, print, printJson } from '../output.ts';
import { allowBuffered, json } from './shared.ts';

const options = {
  from: paths({ description: 'Directories of all scribes that are left, none of them running; repeat for each.' }),
  into: path({ description: 'Directory to make the new cluster in, blank or absent.', fallback: undefined }),
  confirmCluster: clusterIdentifier({
    description: 'First confirmation: the id of the lost cluster.',
    fallback: undefined,
  }),
  confirmPlan: planConfirmation({
    description: 'Second confirmation: the number that is printed with what would be done.',
    fallback: undefined,
  }),
  allowBuffered,
  json,
};

function printPlan({ survivors, chosen, through, lost, confirmation }: RecoveryPlan): void {
  print(
    formatTable([
      ['scribe', 'directory', 'term', 'tail', 'committed', 'damaged'],
      ...survivors.map(({ identity, directory, term, tail, commit, damaged }) => [
        identity.scribeId,
        directory,
        term,
        `${tail.index} of term ${tail.term}`,
        commit.index,
        damaged,
      ]),
    ]),
  );
  const { identity, commit, tail } = chosen;
  print(`lost: ${lost.map(({ scribeId, address }) => `${scribeId} at ${address}`).join(', ') || 'no scribe'}`);
  print(`the log of ${identity.scribeId} would be gone on with, entries 1 to ${through.index}`);
  if (through.index < tail.index)
    print(
      `none of the disks can read entry ${through.index + 1}: it would be lost, and all behind it to ${tail.index}`,
    );
  if (through.index > commit.index)
    print(`entries ${commit.index + 1} to ${through.index} are kept; whether they were committed is not known here`);
  print('whatever was acknowledged after that and is on lost scribes alone would be lost for ever');
  print('to do it: --into DIR, and as confirmations');
  print(`  --confirm-cluster ${identity.clusterId} --confirm-plan ${confirmation}`);
}

export const unsafeRecover = defineCommand({
  name: 'unsafe-recover',
  summary: 'go on with one scribe when a quorum is lost for ever; acknowledged entries may be lost',
  options,
  async run({ from, into, confirmCluster, confirmPlan, allowBuffered: buffered, json: asJson }) {
    if (from.length === 0) throw badOption('--from is needed, once for each scribe that is left');
    const given = [into, confirmCluster, confirmPlan].filter((it) => it !== undefined).length;
    if (given > 0 && given < 3) throw badOption('--into, --confirm-cluster and --confirm-plan go together');
    const plan = await planRecovery(from, buffered);
    if (into === undefined) {
      if (asJson) printJson(plan);
      else printPlan(plan);
      return EXIT.done;
    }
    if (confirmCluster !== plan.chosen.identity.clusterId)
      throw badOption(`--confirm-cluster: the directories are of cluster ${plan.chosen.identity.clusterId}`);
    if (confirmPlan !== plan.confirmation) throw badOption('--confirm-plan: what is found is not what was confirmed');
    const file = await recover(plan, into, buffered);
    if (asJson) printJson(file);
    else print(`made cluster ${file.clusterId} in ${into}; start its scribe, and workers with its cluster.json`);
    return EXIT.done;
  },
});
