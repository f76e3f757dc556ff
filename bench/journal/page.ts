/** A report as one self-contained page: uPlot and the figures are written into it, and it loads nothing. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type JournalReport, meets } from './report.ts';

const require = createRequire(import.meta.url);
const vendored = (name: string): string => readFileSync(require.resolve(`uplot/dist/${name}`), 'utf8');
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430 }
h2 { font-size: 1rem; margin: 0 0 .3rem }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(34rem, 1fr)); gap: 1.5rem }
figure { margin: 0; padding: 1rem; border: 1px solid #dde1e8; border-radius: 6px; overflow: hidden }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .25rem .8rem; border-bottom: 1px solid #dde1e8; text-align: left }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.met { color: #18794e } .unmet { color: #b42318 } small, dd { color: #5b6472 } dt { float: left; clear: left; width: 9rem }
`;

/** Runs in the browser: one chart for each row, a bar for each median and a dot for each round. */
const SCRIPT = `
const report = JSON.parse(document.getElementById('report').textContent);
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
for (const { name, unit, figures } of report.rows) {
  const measured = figures.filter((figure) => figure.median !== null);
  const figure = document.createElement('figure');
  const title = document.createElement('h2');
  title.textContent = name + ', ' + unit + (unit === 'µs' ? ' (less is better)' : ' (more is better)');
  figure.append(title);
  document.querySelector('.charts').append(figure);
  if (measured.length === 0) { figure.append('not measured'); continue; }
  const ours = (wanted) => measured.map((one) => (/DurableLog|engine|logs?$/.test(one.of) === wanted ? one.median : null));
  const rounds = Math.max(...measured.map((one) => one.rounds.length));
  const dots = Array.from({ length: rounds }, (_, round) => measured.map((one) => one.rounds[round] ?? null));
  const top = Math.max(...measured.flatMap((one) => one.rounds)) * 1.12;
  const labels = (plot) => {
    plot.ctx.save();
    plot.ctx.textAlign = 'center';
    plot.ctx.font = 12 * devicePixelRatio + 'px system-ui';
    plot.ctx.fillStyle = '#1d2430';
    measured.forEach((one, at) => plot.ctx.fillText(compact.format(one.median), plot.valToPos(at, 'x', true),
      plot.valToPos(Math.max(...one.rounds), 'y', true) - 9 * devicePixelRatio));
    plot.ctx.restore();
  };
  new uPlot({
    width: 540, height: 330, legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false, range: [-0.6, measured.length - 0.4] }, y: { range: [0, top] } },
    axes: [
      { splits: () => measured.map((_, at) => at), values: () => measured.map((one) => one.of), rotate: -32, size: 105, grid: { show: false } },
      { values: (_, splits) => splits.map((value) => compact.format(value)), size: 60 },
    ],
    padding: [12, 48, 0, 8],
    series: [{}, ...['#3b6fd4', '#b9c2d0'].map((fill) => ({ fill, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.62, 60] }) })), ...dots.map(() => ({ stroke: '#1d2430aa', paths: () => null, points: { show: true, size: 4, fill: '#1d2430' } }))],
    hooks: { draw: [labels] },
  }, [measured.map((_, at) => at), ours(true), ours(false), ...dots], figure);
  for (const one of figures) if (one.unavailable) figure.append(Object.assign(document.createElement('small'), { textContent: one.of + ': ' + one.unavailable + '. ' }));
}
`;

function barRows(report: JournalReport): string {
  return report.bars
    .map(({ row, of, against, ratio, higher, first, goal, moonshot }) => {
      const bar = (value: number | null): string =>
        `<td class="number">${value === null ? '' : `${higher ? '≥' : '≤'} ${value}`}</td>`;
      const met = ratio !== null && meets(ratio, goal, higher);
      const figure = ratio === null ? 'not measured' : ratio.toFixed(2);
      return `<tr><td>${escaped(row)}</td><td>${escaped(of)} ÷ ${escaped(against ?? '')}</td>
<td class="number ${met ? 'met' : 'unmet'}">${figure}</td>${bar(first)}${bar(goal)}${bar(moonshot)}</tr>`;
    })
    .join('\n');
}

function openingText({ opening }: JournalReport): string {
  if (opening === null) return '';
  const size = `${(opening.journalBytes / 1024 ** 3).toFixed(1)} GiB in ${opening.batches.toLocaleString('en-US')} batches`;
  return `<p>Opening ${size} after kill -9: ${opening.seconds.toFixed(2)} s,
${opening.bytesPerBatch.toFixed(1)} bytes of memory per batch.</p>`;
}

export function pageOf(report: JournalReport): string {
  const environment = Object.entries({ ...report.environment, writeMode: report.writeMode })
    .map(([key, value]) => `<dt>${escaped(key)}</dt><dd>${escaped(String(value))}</dd>`)
    .join('\n');
  // Inside a script element only "<" could end it early.
  const data = JSON.stringify(report).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Scriptorium journal</title>
<style>${vendored('uPlot.min.css')}${STYLE}</style></head><body>
<h1>The journal, beside others on the same disk</h1>
<p>Medians of ${report.rounds} interleaved rounds of ${report.seconds} s; each dot is a round. Ratios carry to another
machine or minute at best; figures do not.</p>
<table><tr><th>row</th><th>ratio of</th><th class="number">ratio</th><th class="number">first</th><th class="number">goal</th>
<th class="number">moonshot</th></tr>
${barRows(report)}
</table>
${openingText(report)}
<div class="charts"></div>
<h2>Environment</h2><dl>${environment}</dl>
<script type="application/json" id="report">${data}</script>
<script>${vendored('uPlot.iife.min.js')}</script><script>${SCRIPT}</script>
</body></html>
`;
}
