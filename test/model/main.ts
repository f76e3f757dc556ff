/**
 * `npm run model -- [--scope WORDS] [--states N] [--depth N] [--prompt nothing|workers|disks]`: explore, and say how far it
 * went; exit 1 at the first violation.
 */
import { parseArgs } from 'node:util';
import { loadOpened } from '../sim/patched-core.ts';
import { CLOSED, CLOSED_IN_SOAK, DIRECTED } from './directed.ts';
import { explore } from './scope.ts';
import type { Bounds } from './setting.ts';

const { values } = parseArgs({
  options: {
    scope: { type: 'string', default: '' },
    states: { type: 'string', default: 'Infinity' },
    depth: { type: 'string', default: 'Infinity' },
    prompt: { type: 'string', default: '' },
  },
});
const { machines, remove } = await loadOpened([]);
try {
  for (const scope of [...CLOSED, ...CLOSED_IN_SOAK, ...DIRECTED].filter(({ name }) => name.includes(values.scope))) {
    const started = process.hrtime.bigint();
    const limits = { states: Number(values.states), depth: Number(values.depth) };
    const prompt = values.prompt === '' ? scope.more.prompt : (values.prompt as Bounds['prompt']);
    const more = { ...scope.more, prompt };
    const { states, depth, closed, bodies, locals, cut, violation, lines } = explore(
      { ...scope, more },
      machines,
      limits,
    );
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const how = closed ? 'closed' : 'not closed';
    console.log(
      `${scope.name}: ${states} states, depth ${depth}, ${how}; ${bodies} bodies, ${locals} with letters, ${cut} cut; ${seconds.toFixed(1)} s`,
    );
    if (violation === null) continue;
    console.log(`${violation.message}\n${lines.join('\n')}`);
    process.exitCode = 1;
  }
} finally {
  remove();
}
