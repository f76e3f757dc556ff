/** P25 in numbers: too long to be read as a transcript, and played on the same stage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carryOut } from './commands.ts';
import { Stage } from './stage.ts';

const TERMS = 1000;
const ENTRIES_PER_TERM = 10;

test('P25 R18: ten thousand entries of a thousand terms that nobody committed are replaced in at most as many exchanges as terms', () => {
  const stage = new Stage();
  const before = { shown: [] as readonly string[] };
  const command = (line: string): readonly string[] => carryOut(stage, line, before);
  /** Entry 1, and then the terms `first`, `first + 2`, … of ten entries each. */
  const log = (first: number): string =>
    [
      '1',
      ...Array.from({ length: TERMS * ENTRIES_PER_TERM }, (_, at) => first + 2 * Math.floor(at / ENTRIES_PER_TERM)),
    ].join(' ');
  command('members a b c');
  // The leader's terms lie between the other's, so that each exchange can go back one term of each and no more.
  for (const name of ['a', 'b']) command(`scribe ${name} 2001 ${log(3)}`);
  command(`scribe c 2000 ${log(2)}`);
  command('worker x');
  command('elect x a b');
  const shown: string[] = [];
  shown.push(...command('deliver x c'));
  shown.push(...command('settle x c'));
  const tail = stage.worker('x').machine?.tail;
  assert.deepEqual(stage.scribe('c').machine?.durableTail, tail);
  const exchanges = shown.filter((line) => line.startsWith('x <- c: appendReply') && line.includes('conflict')).length;
  assert.ok(exchanges >= TERMS / 2, `${exchanges}: the logs were meant to be hard to match`);
  assert.ok(exchanges <= TERMS + 1, `${exchanges}`);
});
