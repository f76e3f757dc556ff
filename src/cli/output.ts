/** What commands print: a table or JSON to stdout, everything said about the work itself to stderr. */

/** Rows of cells with the columns aligned; numbers to the right. The first row is the heading. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, String(cell).length);
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          typeof cell === 'number' ? String(cell).padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** 1234567 → `1,234,567`. */
export const formatCount = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Microseconds in the unit that reads best. */
export function formatMicros(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 1)} ms`;
  return `${(micros / 1_000_000).toFixed(2)} s`;
}

/** How often which error, `none` without any. */
export const formatFailures = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${formatCount(count)} × ${code}`)
    .join(', ') || 'none';

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const printJson = (value: unknown): void => print(JSON.stringify(value));

export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** A line that overwrites itself on a terminal and is a plain line elsewhere. */
export function progressLine(): { update(text: string): void; end(): void } {
  const terminal = process.stderr.isTTY === true;
  return {
    update(text) {
      process.stderr.write(terminal ? `\r\u001b[2K${text}` : `${text}\n`);
    },
    end() {
      if (terminal) process.stderr.write('\n');
    },
  };
}
