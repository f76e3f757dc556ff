/** Where settings come from and what is refused, each refusal naming the place to correct. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lease } from '../../src/cli/lease-option.ts';
import { addresses, choice, identifier, integer, scribeList, toggle } from '../../src/cli/options.ts';
import { dashed, resolveSettings, variable } from '../../src/cli/settings.ts';
import { checkedMaxLease, MAX_LEASE_MILLIS, MIN_LEASE_MILLIS } from '../../src/node/timing.ts';

const options = {
  basePort: integer({ description: 'First port.', fallback: 7000, minimum: 1, maximum: 65_535, unit: 'port' }),
  id: identifier({ description: 'Id.', fallback: undefined }),
  json: toggle({ description: 'JSON.' }),
  scribe: scribeList({ description: 'Scribes.' }),
  scribes: addresses({ description: 'Addresses.' }),
  transport: choice({ description: 'Transport.', fallback: 'auto', choices: ['auto', 'ws'] }),
};

const folder = mkdtempSync(join(tmpdir(), 'scriptorium-settings-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = (text: string): string => {
  files += 1;
  const path = join(folder, `${files}-settings.toml`);
  writeFileSync(path, text);
  return path;
};

const resolve = (
  from: { flags?: Record<string, unknown>; environment?: Record<string, string>; file?: string } = {},
): ReturnType<typeof resolveSettings<typeof options>> =>
  resolveSettings(options, {
    command: 'dev',
    commands: ['dev', 'worker'],
    flags: from.flags ?? {},
    environment: from.environment ?? {},
    file: from.file,
  });

describe('settings', () => {
  test('names are spelled alike everywhere', () => {
    assert.equal(dashed('electionTimeoutMinMillis'), 'election-timeout-min-millis');
    assert.equal(variable('basePort'), 'SCRIPTORIUM_BASE_PORT');
  });

  test('flags win over variables, variables over the file, the file over defaults', () => {
    const path = file('[dev]\nbase-port = 1\nid = "file"\ntransport = "ws"\n[worker]\nanything = 1\n');
    const environment = { SCRIPTORIUM_BASE_PORT: '2', SCRIPTORIUM_ID: 'variable' };
    const { settings, origins } = resolve({ flags: { basePort: '3' }, environment, file: path });
    assert.equal(settings.basePort, 3);
    assert.equal(settings.id, 'variable');
    assert.equal(settings.transport, 'ws');
    assert.equal(settings.json, false);
    assert.deepEqual(origins, {
      basePort: 'flag',
      id: 'SCRIPTORIUM_ID',
      transport: path,
      json: 'default',
      scribe: 'default',
      scribes: 'default',
    });
  });

  test('a list may be repeated, separated by commas, or an array', () => {
    assert.deepEqual(resolve({ flags: { scribe: ['a=h:1', 'b=h:2,c=h:3'] } }).settings.scribe, [
      'a=h:1',
      'b=h:2',
      'c=h:3',
    ]);
    assert.deepEqual(resolve({ environment: { SCRIPTORIUM_SCRIBES: 'h:1,h:2' } }).settings.scribes, ['h:1', 'h:2']);
    assert.deepEqual(resolve({ file: file('[dev]\nscribes = ["h:1"]\n') }).settings.scribes, ['h:1']);
  });

  test('a lease has the bounds that it has for a node which a program starts', () => {
    const option = lease('A lease');
    assert.match(option.description, new RegExp(`from ${MIN_LEASE_MILLIS}\\. \\(0 to ${MAX_LEASE_MILLIS} `));
    assert.equal(option.parse(`${checkedMaxLease(MAX_LEASE_MILLIS)}`), MAX_LEASE_MILLIS);
    assert.throws(() => option.parse(`${MAX_LEASE_MILLIS + 1}`), /whole number/);
  });

  const refusals: readonly (readonly [string, Parameters<typeof resolve>[0], RegExp])[] = [
    [
      'a number above its bound',
      { flags: { basePort: '65536' } },
      /^--base-port: "65536" is not a whole number from 1 to 65535$/,
    ],
    [
      'a number with a unit',
      { environment: { SCRIPTORIUM_BASE_PORT: '1k' } },
      /^SCRIPTORIUM_BASE_PORT: "1k" is not a whole number/,
    ],
    ['an empty variable', { environment: { SCRIPTORIUM_BASE_PORT: '' } }, /is not a whole number/],
    ['a fraction in the file', { file: file('[dev]\nbase-port = 1.5\n') }, /settings\.toml: base-port: 1\.5 is not/],
    ['a word that is no choice', { flags: { transport: 'udp' } }, /^--transport: "udp" is not one of auto, ws$/],
    [
      'an address without a port',
      { flags: { scribes: ['localhost'] } },
      /^--scribes: "localhost" is not an address like/,
    ],
    ['a port that is none', { flags: { scribes: ['h:99999'] } }, /is not an address/],
    ['a scribe without an id', { flags: { scribe: ['=h:1'] } }, /is not a scribe like a=127/],
    ['an id with a slash', { flags: { id: '../x' } }, /^--id: "..\/x" is not an id/],
    ['an id that is too long', { flags: { id: 'x'.repeat(65) } }, /is not an id/],
    ['a switch that is neither', { environment: { SCRIPTORIUM_JSON: 'maybe' } }, /is not true or false/],
  ];
  for (const [name, from, message] of refusals)
    test(`refuses ${name}`, () => {
      assert.throws(() => resolve(from), { code: 'BAD_OPTION', message });
    });

  const badFiles: readonly (readonly [string, string, RegExp])[] = [
    [
      'an unknown key, with the nearest',
      '[dev]\nbase-prot = 1\n',
      /unknown key "base-prot" in \[dev\] \(nearest: base-port\)/,
    ],
    ['an unknown key near nothing', '[dev]\nzzzz = 1\n', /unknown key "zzzz" in \[dev\]$/],
    ['an unknown table, with the nearest', '[wrker]\n', /unknown table or key "wrker" \(nearest: worker\)/],
    ['a key outside a table', 'dev = 1\n', /"dev" must be a table/],
    ['a file that is not TOML, with the line', '[dev]\nbase-port = \n', /settings\.toml:2:\d+: /],
  ];
  for (const [name, text, message] of badFiles)
    test(`refuses ${name}`, () => {
      assert.throws(() => resolve({ file: file(text) }), { code: 'BAD_OPTION', message });
    });

  test('refuses a settings file that is not there', () => {
    assert.throws(() => resolve({ file: join(folder, 'absent.toml') }), {
      code: 'BAD_OPTION',
      message: /absent\.toml/,
    });
  });
});
