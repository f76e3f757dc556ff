/** What a run of the benchmark came to, as a document with a version, and as a table to read. */
import type { Environment } from '../environment.ts';
import { BARS } from './bars.ts';
import type { Opening } from './opening.ts';
import type { Row, Unit } from './rows.ts';

export const JOURNAL_REPORT_SCHEMA = 1;

export interface Figure {
  readonly of: string;
  /** Of the rounds; null if it was never measured. */
  readonly median: number | null;
  readonly rounds: readonly number[];
  /** Why it was not measured. */
  readonly unavailable?: string;
}

export interface RatioToBar {
  readonly row: string;
  readonly of: string;
  /** Whose figure was the best of those to be compared with; null if none was measured. */
  readonly against: string | null;
  readonly ratio: number | null;
  /** Whether more is better. */
  readonly higher: boolean;
  readonly first: number | null;
  readonly goal: number;
  readonly moonshot: number | null;
}

export interface JournalReport {
  readonly schema: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly environment: Environment;
  readonly writeMode: string;
  readonly rows: readonly { readonly name: string; readonly unit: Unit; readonly figures: readonly Figure[] }[];
  readonly bars: readonly RatioToBar[];
  readonly opening: (Opening & { readonly journalBytes: number }) | null;
}

/** Collects the figures of the rounds. */
export class Figures {
  readonly #rounds = new Map<string, number[]>();
  readonly #unavailable = new Map<string, string>();

  add(row: string, of: string, figure: number): void {
    const key = `${row}\n${of}`;
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), figure]);
  }

  cannot(row: string, of: string, why: string): void {
    this.#unavailable.set(`${row}\n${of}`, why);
  }

  of(row: string, of: string): Figure {
    const key = `${row}\n${of}`;
    const rounds = this.#rounds.get(key) ?? [];
    const unavailable = this.#unavailable.get(key);
    return { of, median: median(rounds), rounds, ...(unavailable === undefined ? {} : { unavailable }) };
  }
}

export function median(figures: readonly number[]): number | null {
  return figures.toSorted((left, right) => left - right)[Math.floor(figures.length / 2)] ?? null;
}

export const rowsOf = (rows: readonly Row[], figures: Figures): JournalReport['rows'] =>
  rows.map(({ name, unit, measurements }) => ({
    name,
    unit,
    figures: measurements.map(({ of }) => figures.of(name, of)),
  }));

/** Each bar with the ratio of the run; the best of what it is against depends on whether more or less is better. */
export function ratiosOf(rows: JournalReport['rows']): RatioToBar[] {
  return BARS.flatMap(({ row: name, of, against, first, goal, moonshot }) => {
    const row = rows.find((candidate) => candidate.name === name);
    if (row === undefined) return [];
    const higher = row.unit !== 'µs';
    const own = row.figures.find((figure) => figure.of === of)?.median ?? null;
    const best = row.figures
      .filter((figure) => against.includes(figure.of) && figure.median !== null)
      .sort((left, right) => (higher ? -1 : 1) * ((left.median ?? 0) - (right.median ?? 0)))[0];
    const ratio = own === null || best === undefined ? null : own / (best.median ?? Number.NaN);
    return { row: name, of, against: best?.of ?? null, ratio, higher, first, goal, moonshot };
  });
}

export const meets = (ratio: number, bar: number, higher: boolean): boolean => (higher ? ratio >= bar : ratio <= bar);

const shown = (figure: number): string =>
  figure.toLocaleString('en-US', { maximumFractionDigits: figure < 1000 ? 1 : 0 });

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** The figures, then the bars, in Markdown. */
export function tableOf(report: JournalReport): string {
  let text = `medians of ${report.rounds} rounds of ${report.seconds} s each, write mode ${report.writeMode}\n`;
  for (const { name, unit, figures } of report.rows) {
    text += `\n${line([name, `median, ${unit}`, 'rounds'])}${line(['---', '---:', '---'])}`;
    for (const { of, median: figure, rounds, unavailable } of figures) {
      text += line([of, figure === null ? '' : shown(figure), unavailable ?? rounds.map(shown).join(', ')]);
    }
  }
  text += `\n${line(['bar', 'ratio', 'first', 'goal', 'moonshot', 'goal met'])}`;
  text += line(['---', '---:', '---:', '---:', '---:', '---']);
  for (const { row, of, against, ratio, higher, first, goal, moonshot } of report.bars) {
    const bar = (value: number | null): string => (value === null ? '' : `${higher ? '≥' : '≤'} ${value}`);
    const met = ratio === null ? 'not measured' : meets(ratio, goal, higher) ? 'yes' : 'no';
    const what = `${row}: ${of} ÷ ${against ?? 'nothing to compare with'}`;
    text += line([what, ratio?.toFixed(2) ?? '', bar(first), bar(goal), bar(moonshot), met]);
  }
  return text + openingLine(report.opening);
}

function openingLine(opening: JournalReport['opening']): string {
  if (opening === null) return '';
  const { journalBytes, seconds, batches, bytesPerBatch } = opening;
  const size = `${(journalBytes / 1024 ** 3).toFixed(1)} GiB, ${shown(batches)} batches`;
  return `\nopening ${size}, after kill -9: ${seconds.toFixed(2)} s, ${bytesPerBatch.toFixed(1)} bytes of memory per batch\n`;
}
