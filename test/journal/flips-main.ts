/**
 * Turns bits and cuts files of journals until it has tried them all or as many as asked for: `npm run flips -- --trials N`
 * (1000) and `--seed S`, or `-- --exhaustive` for every bit and every length of what is written in a small journal. The
 * trials are made by a child, so that a crash of the binary is seen and its place is told.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chance, type Damage, Patient } from './flips.ts';
import { temporaryDirectory } from './temporary.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    exhaustive: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
  },
});

function* everything(patient: Patient): Generator<Damage> {
  for (const [file, bytes] of patient.used) {
    for (let at = 0; at < bytes * 8; at++) yield { file, kind: 'bit', at };
    for (let at = 0; at < bytes; at++) yield { file, kind: 'cut', at };
  }
}

function* drawn(patient: Patient, trials: number, seed: number): Generator<Damage> {
  const random = chance(seed);
  for (let trial = 0; trial < trials; trial++) yield patient.draw(random);
}

async function runTrials(): Promise<void> {
  const counts = { refused: 0, rotten: 0, whole: 0 };
  const small = await Patient.make(temporaryDirectory(), 40, 4);
  const trials = Number(values.trials);
  const work: [Patient, Iterable<Damage>][] = values.exhaustive
    ? [[small, everything(small)]]
    : [[small, drawn(small, Math.ceil(trials / 2), Number(values.seed))]];
  if (!values.exhaustive) {
    const full = await Patient.make(temporaryDirectory(), 1_500_000, 7);
    work.push([full, drawn(full, Math.floor(trials / 2), Number(values.seed) + 1)]);
  }
  for (const [patient, damages] of work) {
    for (const damage of damages) {
      process.send?.(damage);
      counts[await patient.try(damage)] += 1;
    }
  }
  process.stdout.write(
    `${counts.refused} refused, ${counts.rotten} rotten when read, ${counts.whole} without effect\n`,
  );
  process.disconnect?.();
}

if (values.child) {
  await runTrials();
} else {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--child']);
  let last: unknown = null;
  child.on('message', (damage) => {
    last = damage;
  });
  const [status, signal] = await once(child, 'exit');
  if (status !== 0) {
    process.stderr.write(`ended with ${signal ?? `status ${status}`} at ${JSON.stringify(last)}\n`);
    process.exitCode = 1;
  }
}
