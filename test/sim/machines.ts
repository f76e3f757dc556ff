/**
 * The two classes under test, and nothing else of src at run time: the simulator takes them as a parameter, so that a
 * mutant can stand in for the real ones. Everything the checks compute they compute without code of the core.
 */
import { ScribeMachine } from '../../src/core/scribe.ts';
import { WorkerMachine } from '../../src/core/worker.ts';

export interface Machines {
  readonly ScribeMachine: typeof ScribeMachine;
  readonly WorkerMachine: typeof WorkerMachine;
}

export const realMachines: Machines = { ScribeMachine, WorkerMachine };
