/**
 * The state machine's side of the thread boundary: what piscina calls in the thread, one task per call. Applying and
 * reading are synchronous, so tasks run in the order they were posted; only loading the module, which comes first and
 * alone, waits. An error that leaves this file means the state is not to be trusted, and the host ends the thread.
 */
import type { StateMachine, StateMachineFactory } from './contract.ts';
import { forbidLateWork } from './late-work.ts';
import { moved } from './machine-thread.ts';
import { Runner } from './runner.ts';
import type { LoadTask, Task } from './tasks.ts';
import { Whereabouts } from './whereabouts.ts';

let runner: Runner | null = null;

export default function handle(task: Task): unknown {
  if (task.kind === 'load') return load(task);
  if (runner === null) throw new Error('no state machine is loaded in this thread');
  const outcome = task.kind === 'read' ? runner.read(task) : runner.apply(task);
  return moved(outcome, outcome.bytes.buffer);
}

/** Says why the module is no state machine, or null. (An error's code would not survive the way to the host.) */
async function load({ module, options, whereabouts }: LoadTask): Promise<string | null> {
  const { default: factory } = (await import(module)) as { readonly default?: unknown };
  if (typeof factory !== 'function') return 'it has no state machine factory as its default export';
  const machine: StateMachine = (factory as StateMachineFactory)(options);
  if (typeof machine?.apply !== 'function' || typeof machine.read !== 'function') {
    return 'what its factory makes has no apply or no read';
  }
  forbidLateWork();
  runner = new Runner(machine, new Whereabouts(whereabouts));
  return null;
}
