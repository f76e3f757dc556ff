/** Changes of the quorums, alone and with the members, as a table and as random histories (§7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isStable, type MembershipChange, nextStep, planChange, type QuorumChoice } from '../../src/core/membership.ts';
import type { Configuration, Quorums, ScribeMember, Voters } from '../../src/core/types.ts';

const member = (scribeId: string): ScribeMember => ({ scribeId, storageUuid: scribeId, address: `${scribeId}:1` });
const set = (names: string): readonly ScribeMember[] => [...names].map((name) => member(name));
const numbers = (commit: number, vote: number): Quorums => ({ commit, vote });
const add = (name: string, quorums?: QuorumChoice): MembershipChange =>
  quorums === undefined ? { kind: 'add', member: member(name) } : { kind: 'add', member: member(name), quorums };
const remove = (scribeId: string, quorums?: QuorumChoice): MembershipChange =>
  quorums === undefined ? { kind: 'remove', scribeId } : { kind: 'remove', scribeId, quorums };
const choose = (quorums: QuorumChoice): MembershipChange => ({ kind: 'quorums', quorums });

const five: Configuration = { scribes: set('abcde') };
const fast: Configuration = { ...five, quorums: numbers(2, 4) };

describe('a change of the quorums', () => {
  const appended: readonly (readonly [string, Configuration, MembershipChange, Configuration])[] = [
    ['alone is joint at once', five, choose(numbers(2, 4)), { ...fast, outgoing: five }],
    ['back to majorities', fast, choose('majority'), { ...five, outgoing: fast }],
    ['from numbers to others', fast, choose(numbers(1, 5)), { ...five, quorums: numbers(1, 5), outgoing: fast }],
    [
      'with a newcomer waits until that has caught up',
      fast,
      add('f', numbers(2, 5)),
      { ...fast, target: { scribes: set('abcdef'), quorums: numbers(2, 5) } },
    ],
    [
      'with one removed',
      fast,
      remove('e', numbers(2, 3)),
      { scribes: set('abcd'), quorums: numbers(2, 3), outgoing: fast },
    ],
    ['majorities with one removed', fast, remove('e', 'majority'), { scribes: set('abcd'), outgoing: fast }],
    [
      'numbers with one added where majorities were',
      five,
      add('f', numbers(3, 4)),
      { ...five, target: { scribes: set('abcdef'), quorums: numbers(3, 4) } },
    ],
    ['majorities stay majorities however many there are', five, remove('e'), { scribes: set('abcd'), outgoing: five }],
    [
      'a disk that makes way for another leaves the numbers',
      fast,
      { kind: 'replace', scribeId: 'e', member: member('f') },
      { ...fast, target: { scribes: set('abcdf'), quorums: numbers(2, 4) } },
    ],
    [
      'calling off a newcomer leaves the old numbers',
      { ...fast, target: { scribes: set('abcdef'), quorums: numbers(2, 5) } },
      remove('f'),
      fast,
    ],
  ];
  for (const [what, from, change, configuration] of appended) {
    test(`P27: ${what}`, () => assert.deepEqual(planChange(from, change), { kind: 'append', configuration }));
  }

  const same: readonly (readonly [string, Configuration, MembershipChange])[] = [
    ['done', fast, choose(numbers(2, 4))],
    ['majorities, done', five, choose('majority')],
    ['under way', { ...fast, outgoing: five }, choose(numbers(2, 4))],
    [
      'with a newcomer, under way',
      { ...fast, target: { scribes: set('abcdef'), quorums: numbers(2, 5) } },
      add('f', numbers(2, 5)),
    ],
    ['with one removed, done', fast, remove('x', numbers(2, 4))],
    ['with one added, done', fast, add('e', numbers(2, 4))],
  ];
  for (const [what, from, change] of same) {
    test(`asked twice: ${what}`, () => assert.deepEqual(planChange(from, change), { kind: 'same' }));
  }

  const refused: readonly (readonly [string, Configuration, MembershipChange, RegExp])[] = [
    ['R11 a vote could miss a commit', five, choose(numbers(2, 3)), /vote quorum of at least 4$/],
    ['a leader could not commit', five, choose(numbers(5, 3)), /vote quorum of at least 5$/],
    ['more than there are', five, choose(numbers(3, 6)), /1 to 5 of them$/],
    ['none', five, choose(numbers(0, 5)), /1 to 5 of them$/],
    ['numbers for another number of scribes', fast, remove('e', numbers(2, 2)), /vote quorum of at least 3$/],
    [
      'one less, and no word of the numbers',
      fast,
      remove('e'),
      /2 and a vote quorum of 4 were chosen for 5 .* for 4, /,
    ],
    ['one more, and no word of the numbers', fast, add('f'), /2 and a vote quorum of 4 were chosen for 5 .* for 6, /],
    ['other numbers, and the newcomer is in already', fast, add('e', 'majority'), /is a member already/],
    ['other numbers, and who is to go is out already', fast, remove('x', 'majority'), /no scribe is called x/],
    [
      'calling off a newcomer with other numbers',
      { ...fast, target: { scribes: set('abcdef'), quorums: numbers(2, 5) } },
      remove('f', 'majority'),
      /without other quorums/,
    ],
    ['P27 during another change', { ...five, target: { scribes: set('abcdef') } }, choose(numbers(2, 4)), /under way/],
    ['P27 during another change of the same', { ...fast, outgoing: five }, choose(numbers(1, 5)), /under way/],
  ];
  for (const [what, from, change, reason] of refused) {
    test(`refused: ${what}`, () => {
      const plan = planChange(from, change);
      assert.ok(plan.kind === 'refused');
      assert.match(plan.reason, reason);
    });
  }

  test('§7: it steps on by itself, each set with its own numbers', () => {
    const waiting: Configuration = { ...fast, target: { scribes: set('abcdef'), quorums: numbers(2, 5) } };
    const joint = { scribes: set('abcdef'), quorums: numbers(2, 5), outgoing: fast };
    assert.equal(
      nextStep(waiting, () => false),
      null,
    );
    assert.deepEqual(
      nextStep(waiting, () => true),
      joint,
    );
    assert.deepEqual(
      nextStep(joint, () => false),
      { scribes: set('abcdef'), quorums: numbers(2, 5) },
    );
  });

  test('§7 R11: whatever is asked for in whatever order, no two configurations beside each other could decide two things', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const choice = fc.oneof(
      fc.constant('majority' as const),
      fc.constantFrom(numbers(1, 3), numbers(2, 2), numbers(2, 3), numbers(1, 4), numbers(2, 4), numbers(2, 5)),
      fc.record({ commit: fc.nat(6), vote: fc.nat(6) }, { noNullPrototype: true }),
    );
    const said = fc.option(choice, { nil: undefined });
    const change: fc.Arbitrary<MembershipChange> = fc.oneof(
      fc.tuple(name, said).map(([who, quorums]) => add(who, quorums)),
      fc.tuple(name, said).map(([who, quorums]) => remove(who, quorums)),
      fc
        .tuple(name, name)
        .map(([scribeId, who]): MembershipChange => ({ kind: 'replace', scribeId, member: member(who) })),
      choice.map((quorums) => choose(quorums)),
    );
    let numbered = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(change, fc.boolean()), { maxLength: 25 }), (wishes) => {
        let now: Configuration = { scribes: set('abc') };
        const append = (next: Configuration): void => {
          beside(now, next);
          if (next.quorums !== undefined) numbered++;
          now = next;
        };
        for (const [wish, caughtUp] of wishes) {
          const plan = planChange(now, wish);
          if (plan.kind === 'append') append(plan.configuration);
          const next = nextStep(now, () => caughtUp);
          if (next !== null) append(next);
          if (plan.kind === 'same' && isStable(now)) assert.deepEqual(planChange(now, wish), plan);
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(numbered > 1000);
  });
});

/** Naive: by names, whether those of one set who are left out of a smallest quorum could make another one. */
function canDecideTwice(set: Voters): boolean {
  const size = set.scribes.length;
  const { commit, vote } = set.quorums ?? { commit: Math.ceil((size + 1) / 2), vote: Math.ceil((size + 1) / 2) };
  const others = size - vote;
  return others >= commit || others >= vote;
}

/** Of two configurations that follow each other, both decide by some set that is the same in both, and by safe numbers. */
function beside(before: Configuration, after: Configuration): void {
  const sets = ({ scribes, quorums, outgoing }: Configuration): Voters[] => [
    quorums === undefined ? { scribes } : { scribes, quorums },
    ...(outgoing === undefined ? [] : [outgoing]),
  ];
  const text = (one: Voters): string => JSON.stringify(one);
  const shared = sets(before).filter((one) => sets(after).some((other) => text(one) === text(other)));
  assert.ok(shared.length > 0, `${JSON.stringify(before)} then ${JSON.stringify(after)}`);
  for (const one of [...sets(after), ...(after.target === undefined ? [] : [after.target])])
    assert.ok(!canDecideTwice(one), text(one));
}
