/** Waiting for what a server reports about itself: asked again and again until it is so, with a deadline that fails. */
import { setTimeout as pause } from 'node:timers/promises';

const BETWEEN_MILLIS = 10;
const PATIENCE_MILLIS = 30_000;

/** Resolves to the first answer of `ask` that is not undefined; rejects naming `what` after half a minute. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + PATIENCE_MILLIS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MILLIS / 1000} s in vain for ${what}`);
    await pause(BETWEEN_MILLIS);
  }
}
