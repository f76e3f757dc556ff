/** A broken invariant of our own, never reachable from a peer's bytes: stop before it spreads. Always on. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}
