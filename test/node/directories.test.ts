/** Small files are there whole or not at all, whatever of making them fails. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createFile } from '../../src/node/directories.ts';

const NOBODY = 65_534;
/** Files can be made in such a directory; but it cannot be opened, and so not be synced. */
const WRITE_ONLY = 0o300;

/** As somebody whom permissions hold for. */
async function asNobody(action: () => Promise<void>): Promise<void> {
  const user = process.geteuid?.();
  if (user !== 0) return await action();
  process.seteuid?.(NOBODY);
  await action().finally(() => process.seteuid?.(user));
}

describe('a file that is created', () => {
  const directory = mkdtempSync(join(tmpdir(), 'scriptorium-'));
  const path = join(directory, 'cluster.json');
  if (process.geteuid?.() === 0) chownSync(directory, NOBODY, NOBODY);
  after(() => rmSync(directory, { recursive: true }));

  test('is not left where its directory cannot be synced, so that it can be made again', async () => {
    chmodSync(directory, WRITE_ONLY);
    await asNobody(() => assert.rejects(createFile(path, 'text'), { code: 'READ_ONLY' }));
    chmodSync(directory, 0o700);
    assert.deepEqual(readdirSync(directory), []);
    await createFile(path, 'text');
    assert.equal(readFileSync(path, 'utf8'), 'text');
  });

  test('is left as it is where there is one already', async () => {
    await assert.rejects(createFile(path, 'another'), { code: 'NOT_EMPTY' });
    assert.equal(readFileSync(path, 'utf8'), 'text');
    assert.deepEqual(readdirSync(directory), ['cluster.json']);
  });
});
