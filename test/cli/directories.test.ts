/** Directories: made once, never over anything, and looked at without being touched (S04, S05, S41 of the fault list). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { firstLine, freeBasePort, run, start, temporary } from './program.ts';

describe('directories', () => {
  const folder = temporary();
  const cluster = join(folder.path, 'cluster');
  let port = 0;
  const scribes = (): string[] => ['--scribe', `a=127.0.0.1:${port}`, '--scribe', `b=127.0.0.1:${port + 1}`];

  before(async () => {
    port = await freeBasePort();
    assert.equal((await run('init', '--dir', cluster, ...scribes())).code, 0);
  });
  after(() => folder.remove());

  /** Every file below a directory with its content, to show that nothing was touched. */
  const contents = (directory: string): readonly string[] =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => `${path} ${statSync(path).mtimeMs} ${statSync(path).size}`);

  test('init writes a cluster file and formats each scribe', async () => {
    const file = JSON.parse(readFileSync(join(cluster, 'cluster.json'), 'utf8'));
    assert.deepEqual(
      file.scribes.map((it: { scribeId: string }) => it.scribeId),
      ['a', 'b'],
    );
    const { stdout, code } = await run('inspect', '--json', '--dir', join(cluster, 'a'));
    assert.equal(code, 0);
    const { identity, verdict, report } = JSON.parse(stdout);
    assert.deepEqual([identity.clusterId, identity.scribeId, verdict], [file.clusterId, 'a', 'clean']);
    assert.equal(report.batches, 1, 'the configuration is entry 1');
  });

  test('probe-disk measures every mode and leaves the directory as it was', async () => {
    const before = contents(folder.path);
    const { stdout, code } = await run('probe-disk', '--json', '--writes', '10', '--dir', folder.path);
    assert.equal(code, 0);
    const { rows } = JSON.parse(stdout);
    const working = rows.filter((row: { failure: string | null }) => row.failure === null);
    assert.deepEqual([...new Set(rows.map((row: { bytes: number }) => row.bytes))], [4096, 65536, 131072, 1048576]);
    for (const mode of ['fdatasync', 'dsync'])
      assert.ok(working.some((row: { writeMode: string }) => row.writeMode === mode));
    for (const row of working)
      assert.ok(row.p50Micros > 0 && row.p99Micros >= row.p50Micros && row.writesPerSecond > 0);
    assert.deepEqual(contents(folder.path), before);
  });

  test('init never formats over a cluster', async () => {
    const before = contents(cluster);
    const { code, stderr } = await run('init', '--dir', cluster, ...scribes());
    assert.equal(code, 3);
    assert.match(stderr, /^scriptorium: NOT_EMPTY: [^\n]+\n$/);
    assert.deepEqual(contents(cluster), before);
  });

  test('init never formats over a directory with anything in it', async () => {
    mkdirSync(join(folder.path, 'used', 'a'), { recursive: true });
    writeFileSync(join(folder.path, 'used', 'a', 'thesis.txt'), 'two years');
    const { code, stderr } = await run('init', '--dir', join(folder.path, 'used'), ...scribes());
    assert.equal(code, 3);
    assert.match(stderr, /^scriptorium: NOT_EMPTY: [^\n]*used\/a[^\n]*\n$/);
    assert.deepEqual(readdirSync(join(folder.path, 'used', 'a')), ['thesis.txt']);
  });

  test('init that fails in the middle leaves blank directories, and can be repeated', async () => {
    const directory = join(folder.path, 'half');
    mkdirSync(join(directory, 'b'), { recursive: true });
    writeFileSync(join(directory, 'b', 'thesis.txt'), 'two years');
    const { code, stderr } = await run('init', '--dir', directory, ...scribes());
    assert.equal(code, 3, stderr);
    assert.deepEqual(readdirSync(directory, { recursive: true }).toSorted(), ['a', 'b', join('b', 'thesis.txt')]);
    rmSync(join(directory, 'b', 'thesis.txt'));
    assert.equal((await run('init', '--dir', directory, ...scribes())).code, 0);
  });

  test('init --only makes the same scribe on another host', async () => {
    const elsewhere = join(folder.path, 'elsewhere');
    const file = join(cluster, 'cluster.json');
    assert.equal((await run('init', '--cluster', file, '--only', 'b', '--dir', elsewhere)).code, 0);
    const uuid = async (directory: string): Promise<string> =>
      JSON.parse((await run('inspect', '--json', '--dir', directory)).stdout).identity.storageUuid;
    assert.equal(await uuid(elsewhere), await uuid(join(cluster, 'b')));
    const { code, stderr } = await run('init', '--cluster', file, '--only', 'z', '--dir', join(folder.path, 'z'));
    assert.equal(code, 2);
    assert.match(stderr, /scribe z is not in the cluster file; it has a, b/);
  });

  test('a directory that is no journal is refused with 3', async () => {
    mkdirSync(join(folder.path, 'empty'));
    for (const args of [['scribe', '--listen', `127.0.0.1:${port}`], ['inspect'], ['verify']]) {
      const { code, stderr } = await run(...args, '--dir', join(folder.path, 'empty'));
      assert.equal(code, 3, args[0]);
      assert.match(stderr, /^scriptorium: NOT_FORMATTED: [^\n]*empty[^\n]*\n$/);
    }
  });

  test('a running scribe keeps others out of its directory and off its port, and stops on SIGTERM', async () => {
    const scribe = start('scribe', '--dir', join(cluster, 'a'), '--json');
    try {
      const ready = JSON.parse(await firstLine(scribe));
      assert.deepEqual(ready, {
        ready: true,
        id: 'a',
        pid: scribe.pid,
        address: `127.0.0.1:${port}`,
        dir: join(cluster, 'a'),
        admin: null,
      });
      const second = await run('scribe', '--dir', join(cluster, 'a'), '--listen', `127.0.0.1:${port + 5}`);
      assert.equal(second.code, 3);
      assert.match(second.stderr, new RegExp(`^scriptorium: LOCKED: [^\\n]*${scribe.pid}[^\\n]*\\n$`));
      const other = await run('scribe', '--dir', join(cluster, 'b'), '--listen', `127.0.0.1:${port}`);
      assert.equal(other.code, 4);
      assert.match(other.stderr, /^scriptorium: PORT_IN_USE: [^\n]+\n$/);
      assert.equal((await run('verify', '--dir', join(cluster, 'a'))).code, 0, 'a running scribe can be looked at');
    } finally {
      scribe.kill('SIGTERM');
    }
    const [code] = await new Promise<[number | null]>((resolve) =>
      scribe.once('close', (...ended) => resolve([ended[0]])),
    );
    assert.equal(code, 0);
  });

  test('a server whose second port is taken says so, ends, and keeps neither directory nor address', async () => {
    const taken = createServer();
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    try {
      const scribe = await run('scribe', '--dir', join(cluster, 'a'), '--admin', address);
      assert.equal(scribe.code, 4);
      assert.match(scribe.stderr, /^scriptorium: PORT_IN_USE: [^\n]+\n$/);
      const file = join(cluster, 'cluster.json');
      const listen = `127.0.0.1:${port + 6}`;
      for (const [flag, free] of [
        ['--resp', '--admin'],
        ['--admin', '--resp'],
      ] as const) {
        const more = [flag, address, free, `127.0.0.1:${port + 7}`];
        const worker = await run('worker', '--cluster', file, '--id', 'w1', '--listen', listen, ...more);
        assert.equal(worker.code, 4);
        assert.match(worker.stderr, /^scriptorium: PORT_IN_USE: [^\n]+\n$/);
      }
    } finally {
      taken.close();
    }
  });

  test('S08 O08: a flipped bit is found by verify, which names file and offset, with the verdict of the engine', async () => {
    const damaged = join(folder.path, 'damaged');
    cpSync(join(cluster, 'b'), damaged, { recursive: true });
    const name = readdirSync(damaged).find((entry) => entry.endsWith('.log'))!;
    const whole = readFileSync(join(damaged, name));
    // The first block follows the two copies of the segment's header and room for a checksum of every sector.
    const block = 8192 + whole.length / 128;
    const verifyFlipped = async (byte: number): Promise<Record<string, unknown>> => {
      const bytes = Buffer.from(whole);
      bytes[block + byte]! ^= 1;
      writeFileSync(join(damaged, name), bytes);
      const { code, stdout } = await run('verify', '--json', '--dir', damaged);
      assert.equal(code, 5);
      return JSON.parse(stdout);
    };
    const records = await verifyFlipped(70);
    assert.equal(records.verdict, 'refused');
    assert.equal(records.offset, block);
    assert.match(String(records.file), /\.log$/);
    // The header of a block can be told from its records and the block behind it.
    const header = await verifyFlipped(20);
    assert.equal(header.verdict, 'clean');
    assert.deepEqual([header.damagedBlocks, header.rebuiltBlocks], [1, 1]);
  });
});
