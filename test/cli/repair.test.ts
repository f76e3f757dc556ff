/** `repair` on real directories damaged by hand: it says what it would do, and does no more than it was told to. */
import assert from 'node:assert/strict';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type InspectReport, inspectDirectory } from '../../src/storage/journal.ts';
import { freshJournal, makeBatch, TestJournal, temporaryDirectory } from '../journal/temporary.ts';
import { run } from './program.ts';

const BATCHES = 5;
const ENTRY_BYTES = 1000;
const SEGMENT = 'segment-0000000000000001.log';

interface Told {
  readonly verdict: string;
  readonly failure: { readonly error: { readonly code: string } } | null;
  readonly headers: readonly string[];
  readonly cut: {
    readonly segment: string;
    readonly offset: number;
    readonly keeps: readonly { readonly group: number; readonly tail: { readonly index: number } }[];
    readonly loses: {
      readonly bytes: number;
      readonly batches: readonly { readonly group: number; readonly from: number; readonly to: number }[];
      readonly votes: boolean;
    };
  } | null;
  readonly repaired?: { readonly headers: readonly string[]; readonly setAside: readonly string[] };
}

describe('repair', () => {
  const healthy = join(temporaryDirectory(), 'healthy');
  let blocks: InspectReport['blocks'] = [];
  /** Those of the batches, one in each; the others are seals. */
  let batches: InspectReport['blocks'] = [];

  before(async () => {
    const opened = await freshJournal(healthy);
    for (let index = 1; index <= BATCHES; index += 1)
      await opened.durable(opened.journal.append(makeBatch({ firstIndex: index, entryBytes: ENTRY_BYTES })));
    await opened.journal.close();
    ({ blocks } = await inspectDirectory(healthy));
    batches = blocks.filter(({ bodyBytes }) => bodyBytes > ENTRY_BYTES);
    assert.equal(batches.length, BATCHES);
  });

  /** A copy of the healthy directory with some bytes of its segment changed. */
  const damaged = (change: (alter: (offset: number, length: number, to: (bytes: Buffer) => void) => void) => void) => {
    const directory = join(temporaryDirectory(), 'damaged');
    cpSync(healthy, directory, { recursive: true });
    const file = openSync(join(directory, SEGMENT), 'r+');
    change((offset, length, to) => {
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, offset);
      to(bytes);
      writeSync(file, bytes, 0, length, offset);
    });
    closeSync(file);
    return directory;
  };
  const flip = (bytes: Buffer): void => {
    bytes[0]! ^= 1;
  };
  /** As after a kill: nothing bears witness to the last batch. */
  const unseal = (alter: (offset: number, length: number, to: (bytes: Buffer) => void) => void): void => {
    for (const { offset, blockBytes } of blocks.filter((block) => block.offset > batches.at(-1)!.offset))
      alter(offset, blockBytes, (bytes) => bytes.fill(0));
  };
  const contents = (directory: string): Map<string, Buffer> =>
    new Map(
      readdirSync(directory)
        .filter((name) => name !== 'LOCK')
        .map((name) => [name, readFileSync(join(directory, name))]),
    );
  const repair = async (
    directory: string,
    ...flags: readonly string[]
  ): Promise<{ told: Told; code: number | null }> => {
    const { stdout, stderr, code } = await run('repair', '--json', '--dir', directory, ...flags);
    assert.notEqual(stdout, '', stderr);
    return { told: JSON.parse(stdout), code };
  };
  const tailOf = async (directory: string): Promise<number> => {
    const { journal } = await TestJournal.open(directory);
    const { index } = journal.group(0).tail;
    await journal.close();
    return index;
  };

  test('a healthy directory needs nothing', async () => {
    const { stdout, code } = await run('repair', '--dir', healthy);
    assert.equal(code, 0);
    assert.match(stdout, /^verdict +clean\nto do +nothing: it opens by itself\n$/);
  });

  test('S06: a torn tail needs nothing either', async () => {
    const last = batches.at(-1)!;
    const directory = damaged((alter) => {
      unseal(alter);
      alter(last.offset + 512, last.blockBytes - 512, (bytes) => bytes.fill(0));
    });
    const before = contents(directory);
    const { told, code } = await repair(directory, '--apply');
    assert.equal(code, 0);
    assert.equal(told.verdict, 'torn');
    assert.equal(told.cut, null);
    assert.deepEqual(contents(directory), before);
  });

  test('S07: an uncertain tail is told with what a cut loses, and cut only with the place and the word', async () => {
    const last = batches.at(-1)!;
    const directory = damaged((alter) => {
      unseal(alter);
      alter(last.offset + 64 + 8, 1, flip);
    });
    const before = contents(directory);
    const place = `${SEGMENT}:${last.offset}`;
    for (const flags of [[], ['--apply'], ['--cut', place]]) {
      const { told, code } = await repair(directory, ...flags);
      assert.equal(code, 5);
      assert.equal(told.failure?.error.code, 'UNCERTAIN_TAIL');
      assert.equal(`${told.cut?.segment}:${told.cut?.offset}`, place);
      assert.deepEqual(told.cut?.loses.batches, [{ group: 0, from: BATCHES, to: BATCHES }]);
      assert.deepEqual(told.cut?.keeps, [{ group: 0, tail: { index: BATCHES - 1, term: 1 } }]);
      assert.deepEqual(contents(directory), before);
    }
    const table = await run('repair', '--dir', directory);
    assert.match(table.stdout, new RegExp(`cut +only on demand: --cut ${place} --apply\n`));
    assert.match(table.stdout, /loses .*entries 5 to 5 of group 0/);
    const wrong = await run('repair', '--dir', directory, '--apply', '--cut', `${SEGMENT}:${last.offset + 4096}`);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^scriptorium: BAD_OPTION: --cut: [^\n]+\n$/);
    assert.deepEqual(contents(directory), before);

    const { told, code } = await repair(directory, '--apply', '--cut', place);
    assert.equal(code, 0);
    assert.equal(told.verdict, 'clean');
    assert.deepEqual(told.repaired?.setAside, [`${SEGMENT}.corrupt`]);
    assert.deepEqual(readFileSync(join(directory, `${SEGMENT}.corrupt`)), before.get(SEGMENT));
    assert.equal(await tailOf(directory), BATCHES - 1);
  });

  test('S08: a rotten block that proves nothing is cut off with what follows it, on demand', async () => {
    const block = batches[1]!;
    const directory = damaged((alter) => alter(block.offset + 64 + 8, 1, flip));
    const { told } = await repair(directory);
    assert.equal(told.failure?.error.code, 'ROTTEN');
    assert.deepEqual(told.cut?.loses.batches, [{ group: 0, from: 2, to: BATCHES }]);
    const { code } = await repair(directory, '--apply', '--cut', `${SEGMENT}:${block.offset}`);
    assert.equal(code, 0);
    assert.equal(await tailOf(directory), 1);
  });

  test('S01: one bad copy of a header is found, and restored without losing anything', async () => {
    const directory = damaged((alter) => alter(4096 + 60, 1, flip));
    const before = await repair(directory);
    assert.equal(before.code, 5);
    assert.deepEqual(before.told.headers, [SEGMENT]);
    const { told, code } = await repair(directory, '--apply');
    assert.equal(code, 0);
    assert.deepEqual([told.repaired?.headers, told.headers], [[SEGMENT], []]);
    assert.deepEqual(contents(directory), contents(healthy));
  });

  test('S41: a directory that is open is left alone', async () => {
    const directory = damaged(() => {});
    const { journal } = await TestJournal.open(directory);
    const { code, stderr } = await run('repair', '--apply', '--dir', directory);
    assert.equal(code, 3);
    assert.match(stderr, /^scriptorium: LOCKED: [^\n]+\n$/);
    await journal.close();
  });
});
