/** TermMap against a plain array of terms, over random histories; every question is asked at every index. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TermMap } from '../../src/core/term-map.ts';

/** The naive model: `terms[i]` is the term of entry `base.index + 1 + i`. */
interface Model {
  base: { index: number; term: number };
  terms: number[];
}

type Step =
  | { readonly kind: 'append'; readonly count: number; readonly rise: number }
  | { readonly kind: 'truncate'; readonly keep: number }
  | { readonly kind: 'drop'; readonly share: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        count: fc.integer({ min: 1, max: 4 }),
        rise: fc.nat(2),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('truncate' as const), keep: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), share: fc.nat(20) }) },
  ),
  { maxLength: 30 },
);

const tailOf = ({ base, terms }: Model): { index: number; term: number } => ({
  index: base.index + terms.length,
  term: terms.at(-1) ?? base.term,
});

function apply(map: TermMap, model: Model, step: Step): void {
  const { base, terms } = model;
  if (step.kind === 'append') {
    const term = tailOf(model).term + step.rise;
    map.append(step.count, term);
    terms.push(...new Array<number>(step.count).fill(term));
  } else if (step.kind === 'truncate') {
    const keep = Math.min(step.keep, terms.length);
    map.truncateFrom(base.index + keep + 1);
    terms.length = keep;
  } else if (terms.length > 0) {
    const drop = 1 + (step.share % terms.length);
    map.dropThrough(base.index + drop);
    const dropped = terms.splice(0, drop);
    model.base = { index: base.index + drop, term: dropped.at(-1) as number };
  }
}

/** The highest entry with neither index nor term above those given, by looking at all of them. */
function naiveHint({ base, terms }: Model, id: { index: number; term: number }): { index: number; term: number } {
  let best = base;
  for (const [position, term] of terms.entries()) {
    const index = base.index + 1 + position;
    if (index <= id.index && term <= id.term) best = { index, term };
  }
  return best;
}

function assertSame(map: TermMap, model: Model): void {
  const { base, terms } = model;
  const tail = tailOf(model);
  assert.deepEqual([map.base, map.tail], [base, tail]);
  for (let index = Math.max(0, base.index - 1); index <= tail.index + 2; index++) {
    const term = index === base.index ? base.term : index > base.index ? terms[index - base.index - 1] : undefined;
    assert.equal(map.termAt(index), term, `term at ${index}`);
    for (let asked = Math.max(0, base.term - 1); asked <= tail.term + 1; asked++) {
      assert.equal(map.holds({ index, term: asked }), term !== undefined && term === asked);
      assert.deepEqual(map.hintFor({ index, term: asked }), naiveHint(model, { index, term: asked }));
    }
  }
}

/** A map and its model after random steps. */
const built = steps.map((list) => {
  const map = new TermMap({ index: 0, term: 0 });
  const model: Model = { base: { index: 0, term: 0 }, terms: [] };
  for (const step of list) apply(map, model, step);
  return { map, model };
});

describe('TermMap', () => {
  test('R18: agrees with an array of terms after any history', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const map = new TermMap({ index: 0, term: 0 });
        const model: Model = { base: { index: 0, term: 0 }, terms: [] };
        for (const step of list) {
          apply(map, model, step);
          assertSame(map, model);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a map made from its runs answers like the one that grew', () => {
    fc.assert(
      fc.property(built, ({ model }) => {
        const runs: { term: number; firstIndex: number }[] = [];
        for (const [position, term] of model.terms.entries()) {
          if (runs.at(-1)?.term !== term) runs.push({ term, firstIndex: model.base.index + 1 + position });
        }
        assertSame(new TermMap(model.base, runs, tailOf(model).index), model);
      }),
    );
  });

  test('R18: two logs that step back by hints meet where they part, in at most as many exchanges as they have terms', () => {
    const growth = fc.array(
      fc.record({ count: fc.integer({ min: 1, max: 5 }), rise: fc.integer({ min: 1, max: 3 }) }),
      { maxLength: 8 },
    );
    const odd = (term: number): number => 2 * term + 1;
    fc.assert(
      fc.property(growth, growth, growth, (shared, left, right) => {
        const one = new TermMap({ index: 0, term: 0 });
        const other = new TermMap({ index: 0, term: 0 });
        const grow = (map: TermMap, list: typeof shared, parity: (term: number) => number): void => {
          for (const { count, rise } of list) map.append(count, parity(Math.floor(map.tail.term / 2) + rise));
        };
        for (const map of [one, other]) grow(map, shared, (term) => 2 * term);
        const meeting = one.tail.index;
        grow(one, left, (term) => 2 * term);
        grow(other, right, odd); // no term in common with the other side's own entries
        let asked = one.tail;
        let exchanges = 0;
        while (!other.holds(asked)) {
          asked = one.hintFor(other.hintFor(asked));
          exchanges++;
        }
        assert.ok(asked.index <= meeting, 'never meets above the common history');
        assert.ok(exchanges <= left.length + right.length + 1, `${exchanges} exchanges`);
        if (left.length > 0 && right.length > 0) assert.equal(asked.index, meeting);
      }),
      { numRuns: 500 },
    );
  });

  test('refuses what would break it', () => {
    const map = new TermMap({ index: 4, term: 2 });
    assert.throws(() => map.append(1, 1), /terms never fall/);
    assert.throws(() => map.truncateFrom(4), /base is never truncated/);
    assert.throws(() => map.idAt(5), /index within the log/);
  });
});
