/** A sample of what flips-main.ts does at length: one turned bit, or one cut, at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance, Patient, type Verdict } from './flips.ts';
import { temporaryDirectory } from './temporary.ts';

async function sample(patient: Patient, trials: number, seed: number): Promise<Record<Verdict, number>> {
  const random = chance(seed);
  const counts = { refused: 0, rotten: 0, whole: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const damage = patient.draw(random);
    try {
      counts[await patient.try(damage)] += 1;
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(damage)}: ${error}`, { cause: error });
    }
  }
  return counts;
}

test('S09 S15: of a small journal, any bit turned or any cut is refused or changes no record', async () => {
  const counts = await sample(await Patient.make(temporaryDirectory(), 40, 6), 120, 1);
  assert.ok(counts.refused > 20);
});

test('S09 S15: the same in full segments, where it may show only when the record is read', async () => {
  const patient = await Patient.make(temporaryDirectory(), 1_500_000, 7);
  assert.ok(patient.used.size >= 3, 'several segments');
  const counts = await sample(patient, 40, 2);
  assert.ok(counts.refused + counts.rotten > 10);
});
