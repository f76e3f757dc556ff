/**
 * Every transcript must read as the machines of the core play it today. `UPDATE=1` writes those anew that do not; a claim in one
 * (`expect`) is never rewritten, so what a transcript shows cannot get lost in that.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { claimsIn, play, titleOf } from './transcript.ts';

/** Compiled tests run from dist/test/transcripts; the texts lie with the sources. */
const FOLDER = join(import.meta.dirname, '..', '..', '..', 'test', 'transcripts');
const AT_LEAST = 40;

const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .sort();

describe('transcripts', () => {
  for (const file of files) {
    const path = join(FOLDER, file);
    const text = readFileSync(path, 'utf8');
    test(`${file}: ${titleOf(text)}`, () => {
      const played = play(text);
      assert.ok(claimsIn(text) > 0, 'it claims nothing');
      if (process.env.UPDATE === '1') writeFileSync(path, played);
      else assert.equal(text, played, 'stale: read what changed, then UPDATE=1 node scripts/test.mjs transcripts');
    });
  }

  test(`there are at least ${AT_LEAST}, and no two show the same`, () => {
    const titles = files.map((file) => titleOf(readFileSync(join(FOLDER, file), 'utf8')));
    assert.ok(new Set(titles).size >= AT_LEAST, `${new Set(titles).size}`);
    assert.equal(new Set(titles).size, files.length);
  });
});

describe('the player of transcripts', () => {
  const played = play(
    '# a title\n\n> scribes a b c\n> worker x\n> tick x\n> expect x role candidate, has heard of term 0\n',
  );

  test('a transcript that is played once plays the same again', () => {
    assert.match(played, /x -> a b c: probe/);
    assert.equal(play(played), played);
  });

  test('what the machines did not do does not stay', () => {
    assert.equal(play(played.replace('x -> a b c: probe', 'x -> a: probe')), played);
  });

  test('a claim that does not hold, a word or a name that is not known end it, with the line', () => {
    assert.throws(() => play('> scribes a\n> worker x\n> expect x commit 1\n'), /line 3.*commit is 0 and not 1/s);
    assert.throws(() => play('> scribes a\n> state\n> expect said nonsense\n'), /line 3.*does not hold/s);
    assert.throws(() => play('> dance\n'), /dance is no command/);
    assert.throws(() => play('> tick x\n'), /nobody is called x/);
  });
});
