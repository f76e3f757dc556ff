/** `node dist/test/sim/election-times-main.js [trials]`: writes docs/election-times.svg and prints the table beside it. */
import { writeFileSync } from 'node:fs';
import { MANNERS, measure, quantile } from './election-times.ts';
import { realMachines } from './machines.ts';

const WIDTH = 760;
const HEIGHT = 360;
const LEFT = 60;
const BOTTOM = 310;
const TOP = 20;
const MOST_MILLIS = 350;
const COLOURS = ['#b2182b', '#ef8a62', '#2166ac', '#1b7837'];

const trials = Number(process.argv[2] ?? 1000);
const results = MANNERS.map((manner) => ({ manner, times: measure(manner, trials, realMachines) }));

console.log('| | least | median | 9 of 10 | 99 of 100 | most |\n| --- | --- | --- | --- | --- | --- |');
for (const { manner, times } of results) {
  const cells = [0, 0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(0));
  console.log(`| ${manner.name} | ${cells.join(' | ')} |`);
}

const x = (millis: number): number => LEFT + (Math.min(millis, MOST_MILLIS) / MOST_MILLIS) * (WIDTH - LEFT - 20);
const y = (share: number): number => BOTTOM - share * (BOTTOM - TOP);
const parts: string[] = [];
for (let millis = 0; millis <= MOST_MILLIS; millis += 50) {
  parts.push(`<line x1="${x(millis)}" y1="${TOP}" x2="${x(millis)}" y2="${BOTTOM}" stroke="#ddd"/>`);
  parts.push(`<text x="${x(millis)}" y="${BOTTOM + 18}" text-anchor="middle">${millis}</text>`);
}
for (const share of [0, 0.25, 0.5, 0.75, 1]) {
  parts.push(`<line x1="${LEFT}" y1="${y(share)}" x2="${WIDTH - 20}" y2="${y(share)}" stroke="#ddd"/>`);
  parts.push(`<text x="${LEFT - 8}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text>`);
}
for (const [at, { manner, times }] of results.entries()) {
  const points = Array.from({ length: 101 }, (_, percent) => {
    const millis = quantile(times, percent / 100);
    return `${x(millis).toFixed(1)},${y(percent / 100).toFixed(1)}`;
  });
  const colour = COLOURS[at] as string;
  parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(' ')}"/>`);
  parts.push(`<text x="${x(225)}" y="${y(0.55) + 20 * at}" fill="${colour}">${manner.name}</text>`);
}
parts.push(`<text x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle">milliseconds without a leader</text>`);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13"><title>Shares of elections over the milliseconds without a leader</title><rect width="100%" height="100%" fill="white"/>${parts.join('')}</svg>\n`;
writeFileSync(new URL('../../../docs/election-times.svg', import.meta.url), svg);
