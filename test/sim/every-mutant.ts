/** All the bugs that are put into the core and the machines around it, each to be caught. */
import { CATCH_UP_MUTANTS } from './catch-up-mutants.ts';
import { LEASE_MUTANTS } from './lease-mutants.ts';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { ROOM_MUTANTS } from './room-mutants.ts';
import { ROT_MUTANTS } from './rot-mutants.ts';

export const EVERY_MUTANT: readonly Mutant[] = [
  ...MUTANTS,
  ...CATCH_UP_MUTANTS,
  ...LEASE_MUTANTS,
  ...ROT_MUTANTS,
  ...ROOM_MUTANTS,
];
