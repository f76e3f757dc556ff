/** Wrong usage: one line, no stack, exit code 2, and nothing done. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { run, temporary } from './program.ts';

describe('usage', () => {
  const folder = temporary();
  after(() => folder.remove());

  test('--version and --help end with 0', async () => {
    assert.match((await run('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
    const help = await run('--help');
    assert.equal(help.code, 0);
    for (const name of [
      'init',
      'scribe',
      'worker',
      'dev',
      'status',
      'members',
      'bench',
      'inspect',
      'verify',
      'repair',
      'probe-disk',
    ])
      assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    assert.doesNotMatch(help.stdout, /^ {2}demo /m);
    assert.match(help.stdout, /Exit codes: 0 done/);
  });

  test('no command prints the help and ends with 2', async () => {
    const { code, stdout } = await run();
    assert.equal(code, 2);
    assert.match(stdout, /Usage: scriptorium/);
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'an unknown command',
      ['statsu'],
      /^scriptorium: BAD_OPTION: unknown command 'statsu' \(Did you mean status\?\)\n$/,
    ],
    [
      'an unknown flag',
      ['dev', '--scribs', '3'],
      /^scriptorium: BAD_OPTION: unknown option '--scribs' \(Did you mean --scribes\?\)\n$/,
    ],
    [
      'a flag without its value',
      ['dev', '--dir'],
      /^scriptorium: BAD_OPTION: option '--dir <path>' argument missing\n$/,
    ],
    [
      'a value out of bounds',
      ['dev', '--scribes', '16'],
      /^scriptorium: BAD_OPTION: --scribes: "16" is not a whole number from 1 to 15\n$/,
    ],
    ['an argument too many', ['status', 'now'], /^scriptorium: BAD_OPTION: too many arguments.*\n$/],
    [
      'a settings file that is not there',
      ['dev', '--config', '/nowhere.toml'],
      /^scriptorium: BAD_OPTION: cannot read .*nowhere\.toml.*\n$/,
    ],
    ['init without scribes', ['init', '--dir', 'DIR/none'], /^scriptorium: BAD_OPTION: init needs --scribe/],
    [
      'two scribes of one name',
      ['init', '--dir', 'DIR/none', '--scribe', 'a=h:1,a=h:2'],
      /^scriptorium: BAD_OPTION: .*same scribeId, a\n$/,
    ],
    ['a scribe without a directory', ['scribe'], /^scriptorium: BAD_OPTION: --dir is needed\n$/],
    [
      'a worker without a cluster',
      ['worker', '--id', 'w', '--listen', '127.0.0.1:1'],
      /^scriptorium: BAD_OPTION: --cluster is needed/,
    ],
    [
      'a worker nobody could find',
      ['worker', '--cluster', 'f', '--id', 'w', '--listen', '127.0.0.1:0'],
      /^scriptorium: BAD_OPTION: --listen needs a fixed port/,
    ],
    [
      'a directory in one that does not exist',
      ['init', '--dir', 'DIR/none/deeper', '--scribe', 'a=127.0.0.1:1'],
      /^scriptorium: BAD_OPTION: cannot make .*deeper: the directory it is to be in does not exist\n$/,
    ],
    [
      'a directory where none can be made',
      ['init', '--dir', '/proc/none', '--scribe', 'a=127.0.0.1:1'],
      /^scriptorium: BAD_OPTION: cannot make \/proc\/none/,
    ],
    [
      'members without what to do',
      ['members'],
      /^scriptorium: BAD_OPTION: members needs one of list, add, remove, replace, quorums\n$/,
    ],
    ['a misspelt thing to do', ['members', 'lsit'], /^scriptorium: BAD_OPTION: members needs one of .*, not lsit\n$/],
    [
      'a scribe that nobody could find',
      ['init', '--dir', 'DIR/none', '--scribe', 'a=127.0.0.1:0'],
      /^scriptorium: BAD_OPTION: --scribe: "a=127.0.0.1:0" is not a scribe like a=127.0.0.1:7101\n$/,
    ],
    [
      'a scribe whose name is a way out of the directory',
      ['init', '--dir', 'DIR/none', '--scribe', '..=127.0.0.1:1'],
      /^scriptorium: BAD_OPTION: the cluster: scribes\[0\]\.scribeId must not be \.\.\n$/,
    ],
    [
      'a lease that is too short',
      ['worker', '--lease-millis', '50'],
      /^scriptorium: BAD_OPTION: --lease-millis: "50" is not 0, or a whole number from 100 to 300\n$/,
    ],
    [
      'a state machine that is not there',
      ['worker', '--cluster', 'f', '--id', 'w', '--listen', '127.0.0.1:1', '--machine', 'DIR/none.js'],
      /^scriptorium: BAD_OPTION: --machine: there is no file .*none\.js\n$/,
    ],
    [
      'a disk to probe that is not there',
      ['probe-disk', '--dir', 'DIR/none'],
      /^scriptorium: BAD_OPTION: cannot make .*none\/probe-disk-…: the directory it is to be in does not exist\n$/,
    ],
    [
      'a disk to measure that is not there',
      ['bench', '--dir', 'DIR/none'],
      /^scriptorium: BAD_OPTION: cannot make .*none\/scriptorium-…: the directory it is to be in does not exist\n$/,
    ],
    [
      'a report that could not be written afterwards',
      ['bench', '--json', 'DIR/none/report.json'],
      /^scriptorium: BAD_OPTION: cannot make .*report\.json: the directory it is to be in does not exist\n$/,
    ],
    [
      'calls that no log would take',
      ['bench', '--batch', '10000', '--value-bytes', '1000'],
      /^scriptorium: BAD_OPTION: --batch with --value-bytes: a batch takes \d+ bytes, the bound is \d+; split it\n$/,
    ],
    [
      'quorums without any',
      ['members', 'quorums'],
      /^scriptorium: BAD_OPTION: --commit-quorum with --vote-quorum is needed/,
    ],
    [
      'half of the numbers',
      ['members', 'add', '--newcomer', 'h:1', '--vote-quorum', '3'],
      /^scriptorium: BAD_OPTION: --commit-quorum and --vote-quorum go together\n$/,
    ],
    [
      'numbers and majorities',
      ['members', 'quorums', '--commit-quorum', '2', '--vote-quorum', '3', '--majorities'],
      /^scriptorium: BAD_OPTION: --majorities does not go with numbers\n$/,
    ],
    [
      'a cluster whose votes could miss what is committed',
      ['init', '--dir', 'DIR/none', '--scribe', 'a=h:1,b=h:2,c=h:3', '--commit-quorum', '1', '--vote-quorum', '2'],
      /^scriptorium: BAD_OPTION: the cluster: quorums: .*vote quorum of at least 3\n$/,
    ],
    ['nobody to remove', ['members', 'remove'], /^scriptorium: BAD_OPTION: --scribe is needed/],
    [
      'a newcomer without a name',
      ['scribe', '--dir', 'DIR/none', '--join', 'cluster.json'],
      /^scriptorium: BAD_OPTION: --join and --id go together\n$/,
    ],
    ['verify of nothing', ['verify'], /^scriptorium: BAD_OPTION: --dir or --cluster is needed\n$/],
  ];
  for (const [name, args, message] of wrong)
    test(`refuses ${name}`, async () => {
      const { code, stdout, stderr } = await run(...args.map((word) => word.replace('DIR', folder.path)));
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(code, 2);
      assert.equal(existsSync(join(folder.path, 'none')), false);
    });

  test('--print-config says where each setting comes from and does nothing', async () => {
    const { code, stdout } = await run('dev', '--workers', '3', '--print-config', '--dir', join(folder.path, 'none'));
    assert.equal(code, 0);
    assert.match(stdout, /^workers = 3 {2}# flag$/m);
    assert.match(stdout, /^transport = "auto" {2}# default$/m);
    assert.equal(existsSync(join(folder.path, 'none')), false);
  });
});
