import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesGlob } from '../../src/kv/glob.ts';

const ROWS: readonly (readonly [pattern: string, matching: readonly string[], others: readonly string[]])[] = [
  ['', [''], ['a']],
  ['*', ['', 'a', 'abc'], []],
  ['a*c', ['ac', 'abc', 'abcc', 'a*c'], ['abd', 'bac']],
  ['**a**', ['a', 'bab'], ['', 'b']],
  ['a?c', ['abc', 'a?c'], ['ac', 'abbc']],
  ['h[ae]llo', ['hallo', 'hello'], ['hillo', 'hllo']],
  ['h[^e]llo', ['hallo'], ['hello', 'hllo']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[c-a]x', ['ax', 'bx'], ['dx']],
  ['[a\\]b]', ['a', ']', 'b'], ['\\', 'c']],
  ['[abc', ['a', 'c'], ['d', 'ab']],
  ['\\*', ['*'], ['a', '\\*']],
  ['a\\', ['a\\'], ['a']],
  ['user:*:[0-9][0-9]', ['user:x:42', 'user::a:07'], ['user:x:4', 'user:x:4a']],
];

for (const [pattern, matching, others] of ROWS) {
  test(`glob ${JSON.stringify(pattern)}`, () => {
    for (const text of matching) assert.ok(matchesGlob(pattern, text), text);
    for (const text of others) assert.ok(!matchesGlob(pattern, text), text);
  });
}

test('many stars do not take exponential steps', () => {
  assert.ok(!matchesGlob(`${'a*'.repeat(200)}b`, 'a'.repeat(5000)));
});
