/** Changes of the members as a table: what is appended for each wish in each state, and what comes next (§7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_SCRIBES } from '../../src/core/limits.ts';
import { type MembershipChange, nextStep, planChange } from '../../src/core/membership.ts';
import type { Configuration, ScribeMember } from '../../src/core/types.ts';

const member = (scribeId: string, storageUuid = scribeId): ScribeMember => ({
  scribeId,
  storageUuid,
  address: `${scribeId}:1`,
});
const set = (...names: string[]): readonly ScribeMember[] => names.map((name) => member(name));
const abc: Configuration = { scribes: set('a', 'b', 'c') };
const add = (name: string, uuid = name): MembershipChange => ({ kind: 'add', member: member(name, uuid) });
const remove = (scribeId: string): MembershipChange => ({ kind: 'remove', scribeId });
const replace = (scribeId: string, name: string, uuid = name): MembershipChange => ({
  kind: 'replace',
  scribeId,
  member: member(name, uuid),
});

describe('a change of the members', () => {
  const catchingUp: Configuration = { scribes: abc.scribes, target: { scribes: set('a', 'b', 'c', 'd') } };
  const joint: Configuration = { scribes: set('b', 'c'), outgoing: abc };
  const appended: readonly (readonly [string, Configuration, MembershipChange, Configuration])[] = [
    ['a newcomer catches up first', abc, add('d'), catchingUp],
    ['to remove one is joint at once', abc, remove('a'), joint],
    [
      'one disk makes way for another',
      abc,
      replace('c', 'd'),
      { scribes: abc.scribes, target: { scribes: set('a', 'b', 'd') } },
    ],
    [
      'R26: a wiped disk is another one under the same name',
      abc,
      replace('c', 'c', 'new'),
      { scribes: abc.scribes, target: { scribes: [...set('a', 'b'), member('c', 'new')] } },
    ],
    ['to remove who still catches up calls it off', catchingUp, remove('d'), abc],
  ];
  for (const [what, from, change, configuration] of appended) {
    test(`P27: ${what}`, () => assert.deepEqual(planChange(from, change), { kind: 'append', configuration }));
  }

  const same: readonly (readonly [string, Configuration, MembershipChange])[] = [
    ['add, done', abc, add('c')],
    ['add, under way', catchingUp, add('d')],
    ['remove, done', abc, remove('d')],
    ['remove, under way', joint, remove('a')],
    ['replace, done', { scribes: set('a', 'b', 'd') }, replace('c', 'd')],
    ['replace by name, done', { scribes: [member('a', 'new')] }, replace('a', 'a', 'new')],
  ];
  for (const [what, from, change] of same) {
    test(`asked twice: ${what}`, () => assert.deepEqual(planChange(from, change), { kind: 'same' }));
  }

  const full: Configuration = { scribes: Array.from({ length: MAX_SCRIBES }, (_, at) => member(`s${at}`)) };
  const refused: readonly (readonly [string, Configuration, MembershipChange, RegExp])[] = [
    ['the last one', { scribes: set('a') }, remove('a'), /last scribe/],
    ['nobody of that name', abc, replace('x', 'd'), /no scribe is called x/],
    ['a name twice', abc, add('a', 'other'), /another scribe is called a/],
    ['a disk twice', abc, add('d', 'a'), /is a member already/],
    ['an address twice', abc, { kind: 'add', member: { ...member('d'), address: 'a:1' } }, /address of a$/],
    ['one too many', full, add('d'), /no more than/],
    ['P27 a second change while one catches up', catchingUp, remove('a'), /under way/],
    ['P27 a second change in a joint configuration', joint, add('d'), /under way/],
  ];
  for (const [what, from, change, reason] of refused) {
    test(`refused: ${what}`, () => {
      const plan = planChange(from, change);
      assert.ok(plan.kind === 'refused');
      assert.match(plan.reason, reason);
    });
  }

  test('§7: a change steps on by itself, and not before the newcomers have caught up', () => {
    assert.equal(
      nextStep(abc, () => true),
      null,
    );
    assert.equal(
      nextStep(catchingUp, (uuid) => uuid !== 'd'),
      null,
    );
    const wide = { scribes: set('a', 'b', 'c', 'd'), outgoing: abc };
    assert.deepEqual(
      nextStep(catchingUp, () => true),
      wide,
    );
    assert.deepEqual(
      nextStep(wide, () => false),
      { scribes: wide.scribes },
    );
  });
});
