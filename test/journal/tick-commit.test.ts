/** What becomes of appends when the journal refuses or fails: the journal is played, so that it can be made to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptoriumError } from '../../src/errors.ts';
import type { Journal } from '../../src/storage/journal.ts';
import { type Appender, TickCommit } from '../../src/storage/tick-commit.ts';

/** Takes everything, or throws what `refusal` is. */
class PlayedJournal {
  refusal: ScriptoriumError | null = null;
  tickets = 0;

  sealAndAppend(): number {
    if (this.refusal !== null) throw this.refusal;
    this.tickets += 1;
    return this.tickets;
  }

  flush(): void {}
}

function play(): { journal: PlayedJournal; commit: TickCommit; log: Appender; durable: number[] } {
  const journal = new PlayedJournal();
  const durable: number[] = [];
  const log = { group: 0, nextIndex: 1, durableThrough: (index: number) => durable.push(index) };
  return { journal, commit: new TickCommit(() => journal as unknown as Journal, 1 << 20), log, durable };
}

const entry = Buffer.from('entry');
const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('S27: what the journal refuses was not executed, and its indexes are given to what comes next', async () => {
  const { journal, commit, log, durable } = play();
  const first = commit.append(log, entry);
  await endOfTurn();
  journal.refusal = new ScriptoriumError('NO_SPACE', 'the disk is full');
  const refused = [commit.append(log, entry), commit.appendBatch(log, [entry, entry], 18)];
  for (const each of refused) await assert.rejects(each, { code: 'NO_SPACE', outcome: 'not-executed' });
  journal.refusal = null;
  const next = commit.append(log, entry);
  await endOfTurn();
  commit.durable(journal.tickets);
  assert.deepEqual([await first, await next], [1, 2]);
  assert.deepEqual(durable.at(-1), 2);
  assert.equal(commit.pendingBytes, 0);
});

test('S24: after a failure what was handed over is unknown, what was not is not executed, and nothing is taken', async () => {
  const { journal, commit, log, durable } = play();
  const handed = commit.append(log, entry);
  await endOfTurn();
  const waiting = commit.whenDurable(journal.tickets);
  const failure = new ScriptoriumError('JOURNAL_FAILED', 'fdatasync: input/output error');
  journal.refusal = failure;
  const begun = commit.append(log, entry);
  commit.fail(failure);
  await assert.rejects(begun, { code: 'JOURNAL_FAILED', outcome: 'not-executed' });
  await assert.rejects(handed, { code: 'JOURNAL_FAILED', outcome: 'unknown' });
  await assert.rejects(waiting, { code: 'JOURNAL_FAILED', outcome: 'unknown' });
  await assert.rejects(commit.append(log, entry), { code: 'JOURNAL_FAILED', outcome: 'not-executed' });
  assert.deepEqual(durable, []);
});
