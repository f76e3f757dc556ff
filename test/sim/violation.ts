/** A broken promise of the protocol, by the name under which docs/testing.md lists it. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}

/** Unless `holds`, stop the run and name the invariant. `detail` is built only then. */
export function demand(holds: boolean, invariant: string, detail: () => string): asserts holds {
  if (!holds) throw new Violation(invariant, detail());
}
