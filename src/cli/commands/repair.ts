/**
 * `repair`: puts a directory right that nobody has open, or says what could be done. Changes nothing without `--apply`, and
 * loses nothing of a log unless the place to cut it at is named as well; what is cut off is set aside first.
 */
import { type Cut, type CutPlace, planRepair, type RepairPlan, repairDirectory } from '../../storage/journal-repair.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { badOption, cutPlace, path, toggle } from '../options.ts';
import { formatTable, print, printJson } from '../output.ts';
import { describeVerdict, tellFailure } from './inspect.ts';
import { json } from './shared.ts';

const options = {
  dir: path({ description: "A scribe's directory that no process has open.", fallback: undefined }),
  apply: toggle({ description: 'Do what is listed; without it nothing is changed.' }),
  cut: cutPlace({
    description: 'End the log at this place, which must be the one listed; what it would lose is listed with it.',
    fallback: undefined,
  }),
  json,
};

const nameOf = ({ segment, offset }: CutPlace): string => `${segment}:${offset}`;

function toPlace(given: string): CutPlace {
  const split = given.lastIndexOf(':');
  return { segment: given.slice(0, split), offset: Number(given.slice(split + 1)) };
}

function describeLoss({ loses }: Cut): string {
  const batches = loses.batches.map(({ group, from, to }) => `entries ${from} to ${to} of group ${group}`);
  const found = [...batches, ...(loses.votes ? ['a term or vote'] : [])];
  const read = found.length === 0 ? 'nothing of it can be read' : `of it can be read: ${found.join(', ')}`;
  return `${loses.bytes} bytes in ${loses.segments.join(', ')}; ${read}`;
}

/** What stands in the way and what can be done about it. */
function advise(plan: RepairPlan): string {
  if (plan.verdict !== 'refused') {
    if (plan.damage.length > 0) return 'it opens; the damaged batches can only come from elsewhere, while it is open';
    return plan.headers.length > 0 ? 'it opens; a header can be restored' : 'nothing: it opens by itself';
  }
  if (plan.cut === null) return 'nothing here: use a new directory; a cluster of scribes has the entries elsewhere';
  return 'a scribe of a cluster is better replaced by a new one: a cut may forget entries and votes that it acknowledged';
}

function printPlan(plan: RepairPlan): void {
  const rows: [string, string][] = [
    ['verdict', describeVerdict(plan)],
    ['to do', advise(plan)],
  ];
  for (const segment of plan.headers) rows.push(['restore', `a header of ${segment}`]);
  if (plan.cut !== null) {
    rows.push(['cut', `only on demand: --cut ${nameOf(plan.cut)} --apply`]);
    rows.push(['loses', describeLoss(plan.cut)]);
    for (const { group, tail } of plan.cut.keeps) rows.push(['keeps', `group ${group} through entry ${tail.index}`]);
  }
  print(formatTable(rows));
}

const opens = (plan: RepairPlan): boolean =>
  plan.verdict !== 'refused' && plan.damage.length === 0 && plan.headers.length === 0;

const told = ({ failure, blocks, ...plan }: RepairPlan): object => ({ ...plan, failure: tellFailure(failure) });

export const repair = defineCommand({
  name: 'repair',
  summary: 'say what would make a damaged directory open, and do it when told to',
  options,
  async run({ dir, apply, cut, json: asJson }) {
    if (dir === undefined) throw badOption('--dir is needed');
    const plan = await planRepair(dir);
    const place = cut === undefined ? null : toPlace(cut);
    if (place !== null && (plan.cut === null || nameOf(plan.cut) !== nameOf(place)))
      throw badOption(`--cut: ${cut} is not a place where this log can be cut`);
    if (!apply) {
      if (asJson) printJson(told(plan));
      else printPlan(plan);
      return opens(plan) ? EXIT.done : EXIT.foundWrong;
    }
    const repaired = await repairDirectory(dir, place);
    const after = await planRepair(dir);
    if (asJson) printJson({ ...told(after), repaired });
    else {
      for (const segment of repaired.headers) print(`restored a header of ${segment}`);
      for (const name of repaired.setAside) print(`set aside what was cut off in ${name}`);
      printPlan(after);
    }
    return opens(after) ? EXIT.done : EXIT.foundWrong;
  },
});
