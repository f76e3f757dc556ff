/**
 * `npm run model -- [--scope WORDS] [--states N] [--depth N] [--trace]`: explore, and say how far it went, with `--trace` after each
 * depth too; exit 1 at the first violation.
 */
import { parseArgs } from 'node:util';
import { loadOpened } from '../sim/patched-core.ts';
import { CLOSED, CLOSED_IN_SOAK, DIRECTED } from './directed.ts';
import { explore } from './scope.ts';

const { values } = parseArgs({
  options: {
    scope: { type: 'string', default: '' },
    states: { type: 'string', default: 'Infinity' },
    depth: { type: 'string', default: 'Infinity' },
    trace: { type: 'boolean', default: false },
  },
});
const progress = (depth: number, states: number): void => console.log(`depth ${depth}: ${states} states`);
const { machines, remove } = await loadOpened([]);
try {
  for (const scope of [...CLOSED, ...CLOSED_IN_SOAK, ...DIRECTED].filter(({ name }) => name.includes(values.scope))) {
    const started = process.hrtime.bigint();
    const limits = {
      states: Number(values.states),
      depth: Number(values.depth),
      ...(values.trace ? { progress } : {}),
    };
    const { states, superfluous, rows, depth, closed, bodies, cut, violation, lines } = explore(
      scope,
      machines,
      limits,
    );
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const how = closed ? 'closed' : 'not closed';
    console.log(
      `${scope.name}: ${states} states, depth ${depth}, ${how}; ${superfluous} superfluous, ${rows} rows; ${bodies} bodies, ${cut} cut; ${seconds.toFixed(1)} s`,
    );
    if (violation === null) continue;
    console.log(`${violation.message}\n${lines.join('\n')}`);
    process.exitCode = 1;
  }
} finally {
  remove();
}
