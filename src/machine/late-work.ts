/**
 * Nothing of a state machine may run after `apply` or `read` has returned: when it would run depends on the machine it
 * runs on (M13). So in its thread the global timers throw, which makes using one the failed result of that very command.
 */
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const;

export function forbidLateWork(): void {
  for (const name of TIMERS) {
    const forbidden = (): never => {
      throw new Error(`${name} is not available in a state machine: nothing may run after apply has returned`);
    };
    Object.defineProperty(globalThis, name, { value: forbidden });
  }
}
