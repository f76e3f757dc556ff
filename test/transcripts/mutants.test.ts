/**
 * A claim that nothing can break shows nothing: the known bugs of the simulator's list are put into the core, and the claims of
 * the transcripts must notice most of them. Which claim notices which is printed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Machines } from '../sim/machines.ts';
import { MUTANTS } from '../sim/mutants.ts';
import { loadPatched } from '../sim/patched-core.ts';
import { play } from './transcript.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'test', 'transcripts');
/** Of the bugs in the list, those that no transcript needs to notice: they take more processes and time than one can read. */
const MOST_UNNOTICED = 5;

const texts = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]),
);

function broken(machines: Machines): readonly string[] {
  const names: string[] = [];
  for (const [name, text] of texts) {
    try {
      play(text, machines);
    } catch {
      names.push(name);
    }
  }
  return names;
}

test('claims of transcripts break when a known bug is put into the core', async (context) => {
  const unnoticed: string[] = [];
  for (const { name, rule, patches } of MUTANTS) {
    const { machines, remove } = await loadPatched(patches);
    const noticed = broken(machines);
    remove();
    if (noticed.length === 0) unnoticed.push(name);
    context.diagnostic(`${rule}: ${name}: ${noticed.join(' ') || 'nothing'}`);
  }
  assert.ok(unnoticed.length <= MOST_UNNOTICED, unnoticed.join('\n'));
});
