/** The demonstration, shortened: it must end by itself, lose nothing and leave nothing behind. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { freeBasePort, run } from './program.ts';

test('demo kills the leader, finds everything again and cleans up', { timeout: 120_000 }, async () => {
  const left = (): string[] => readdirSync(tmpdir()).filter((name) => /^scriptorium-\w{6}$/.test(name));
  const before = left();
  const { code, stdout, stderr } = await run('demo', '--seconds', '4', '--base-port', String(await freeBasePort()));
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /kill -9 \d+ \(w\d, the leader\)/);
  const figure = (name: string): number =>
    Number(new RegExp(`^${name} +([\\d,]+)$`, 'm').exec(stdout)?.[1]?.replaceAll(',', ''));
  assert.ok(figure('acknowledged') > 0);
  assert.equal(figure('found on the scribes'), figure('acknowledged'));
  const [, killed, leads] = /leader (w\d) killed, (w\d) leads/.exec(stdout)!;
  assert.notEqual(leads, killed);
  assert.deepEqual(
    left().filter((name) => !before.includes(name)),
    [],
  );
});
