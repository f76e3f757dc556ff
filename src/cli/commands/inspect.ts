/** `inspect`: what a scribe's directory holds, without opening it: nothing is written, a running scribe is not disturbed. */
import { type InspectReport, inspectDirectory } from '../../storage/journal-inspect.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { badOption, integer, path } from '../options.ts';
import { formatCount, formatTable, print, printJson } from '../output.ts';
import { json } from './shared.ts';

const options = {
  dir: path({ description: "A scribe's directory.", fallback: undefined }),
  blocks: integer({ description: 'Newest blocks listed.', fallback: 10, minimum: 0, maximum: 100_000 }),
  json,
};

/** Reads `directory`; what is no journal at all is an error, a damaged one is a finding. */
export async function inspectJournal(directory: string, maxBlocks: number): Promise<InspectReport> {
  const found = await inspectDirectory(directory, maxBlocks);
  if (found.identity === null && found.failure !== null) throw found.failure.error;
  return found;
}

/** A failure as JSON can hold it. */
export const tellFailure = (failure: InspectReport['failure']): object | null =>
  failure === null ? null : { ...failure, error: { code: failure.error.code, message: failure.error.message } };

function describeDamagedBlocks(
  { damagedBlocks, rebuiltBlocks }: InspectReport['report'],
  isLogDamaged: boolean,
): string {
  const counted = `${damagedBlocks} damaged blocks that prove what they held`;
  if (isLogDamaged) return counted;
  if (rebuiltBlocks > 0) return `${counted}, ${rebuiltBlocks} of them by the block behind alone`;
  return `${counted}, repaired: no log needs what cannot be read of them`;
}

export function describeVerdict({ verdict, failure, report, damage }: InspectReport): string {
  const blocks = report.damagedBlocks === 0 ? '' : `, ${describeDamagedBlocks(report, damage.length > 0)}`;
  const damaged = `${blocks}${damage.length === 0 ? '' : `, ${damage.length} damaged batches that other scribes have`}`;
  if (verdict === 'clean') return `clean${damaged}`;
  if (verdict === 'torn')
    return `torn: ${report.tornBytes} bytes after the end were never acknowledged and would be dropped${damaged}`;
  return `refused: ${failure?.error.code}: ${failure?.error.message}`;
}

function printFound(found: InspectReport): void {
  const { identity, segments, blocks, report, damage } = found;
  print(
    formatTable([
      ['scribe', identity?.scribeId ?? 'unknown'],
      ['storage uuid', identity?.storageUuid ?? 'unknown'],
      ['cluster', identity?.clusterId ?? 'unknown'],
      ['blocks', formatCount(report.blocks)],
      ['batches', formatCount(report.batches)],
      ['bytes', formatCount(report.bytes)],
      ['ends at', `segment ${report.endSegment}, offset ${report.endOffset}`],
      ['verdict', describeVerdict(found)],
    ]),
  );
  const segmentRows = segments.map((it) => [it.name, it.segmentBytes, new Date(it.createdMillis).toISOString()]);
  print(`\n${formatTable([['segment', 'bytes', 'created'], ...segmentRows])}`);
  if (damage.length > 0) {
    const damageRows = damage.map((it) => [it.group, it.from, it.to, it.segment ?? 'nowhere', it.offset ?? '']);
    print(`\n${formatTable([['damaged: group', 'from', 'to', 'segment', 'offset'], ...damageRows])}`);
  }
  if (blocks.length === 0) return;
  const blockRows = blocks.map((it) => [
    it.segment,
    it.offset,
    it.sequence,
    it.durableThrough,
    it.records,
    it.blockBytes,
  ]);
  print(`\n${formatTable([['segment', 'offset', 'sequence', 'durable through', 'records', 'bytes'], ...blockRows])}`);
}

export const inspect = defineCommand({
  name: 'inspect',
  summary: "show what a scribe's directory holds",
  options,
  async run(settings) {
    if (settings.dir === undefined) throw badOption('--dir is needed');
    const found = await inspectJournal(settings.dir, settings.blocks);
    if (settings.json) printJson({ ...found, failure: tellFailure(found.failure) });
    else printFound(found);
    return EXIT.done;
  },
});
