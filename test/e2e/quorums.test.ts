/**
 * Quorums that are not majorities, chosen and changed from the command line on real processes: what is gained by a small commit
 * quorum, and what the large vote quorum costs. The engine syncs each write as ever.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeCommand, encodeQuery } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { assertRefused } from './refusals.ts';

const ONE_OF_THREE = ['--commit-quorum', '1', '--vote-quorum', '3'] as const;
/** Long enough for an election to be over if one could be won: two to five time-outs. */
const WELL_PAST_AN_ELECTION_MILLIS = 1500;

const words = (...all: readonly string[]): Buffer[] => all.map((word) => Buffer.from(word));
const get = async (client: Client, key: string) => await client.read(encodeQuery(0, [words('GET', key)]));
const set = async (client: Client, key: string, deadlineMillis = 10_000) =>
  await client.propose(encodeCommand(words('SET', key, 'there')), { deadlineMillis });

async function members(cluster: Cluster, ...args: readonly string[]): Promise<string> {
  const [action = '', ...rest] = args;
  const { code, stdout, stderr } = await scriptorium('members', action, '--cluster', cluster.clusterFile, ...rest);
  assert.equal(code, 0, stderr);
  return stdout;
}

describe('quorums that are not majorities', () => {
  test('P27 P30: one of three scribes commits while its leader lives, and nobody leads again without all three', () =>
    Cluster.with({ workers: 2, initFlags: ONE_OF_THREE }, async (cluster) => {
      assert.match(await members(cluster, 'list'), /^quorums: 1 of 3 commit, 3 elect \(by choice\)$/m);
      const workers = cluster.workers.map(({ address }) => address);
      await using client = await Client.connect({ workers });
      await cluster.process('b').killHard();
      await cluster.process('c').killHard();
      await set(client, 'alone');
      assert.match(String(await get(client, 'alone')), /there/);
      const { id } = await cluster.leader();
      await cluster.process(id).killHard();
      await cluster.startScribe('b');
      await assert.rejects(set(client, 'never', WELL_PAST_AN_ELECTION_MILLIS), { name: 'ScriptoriumError' });
      await cluster.startScribe('c');
      await cluster.leader([id]);
      assert.match(String(await get(client, 'alone')), /there/);
    }));

  test('P27: numbers come and go while the cluster serves; what is unsafe, or not said, is refused and changes nothing', () =>
    Cluster.with({ workers: 2 }, async (cluster) => {
      assert.match(await members(cluster, 'list'), /^quorums: 2 of 3 commit, 2 elect \(by majorities\)$/m);
      const change = ['members', 'quorums', '--cluster', cluster.clusterFile];
      await assertRefused([...change, '--commit-quorum', '1', '--vote-quorum', '2'], {
        exit: 1,
        code: 'CHANGE_REFUSED',
        reason: /takes a vote quorum of at least 3$/,
      });
      assert.match(
        await members(cluster, 'quorums', ...ONE_OF_THREE),
        /^quorums: 1 of 3 commit, 3 elect \(by choice\)$/m,
      );
      const remove = ['members', 'remove', '--cluster', cluster.clusterFile, '--scribe', 'c'];
      await assertRefused(remove, {
        exit: 1,
        code: 'CHANGE_REFUSED',
        reason: /were chosen for 3 scribes: say .* for 2, /,
      });
      await members(cluster, 'quorums', ...ONE_OF_THREE); // asked twice
      const fewer = await members(cluster, 'remove', '--scribe', 'c', '--commit-quorum', '1', '--vote-quorum', '2');
      assert.match(fewer, /^quorums: 1 of 2 commit, 2 elect \(by choice\)$/m);
      const listed = JSON.parse(await members(cluster, 'quorums', '--majorities', '--json'));
      assert.deepEqual([listed.quorums, listed.changing], [{ commit: 2, vote: 2, chosen: false }, false]);
      await using client = await Client.connect({ workers: cluster.workers.map(({ address }) => address) });
      await set(client, 'after');
      const { code, stdout } = await scriptorium('verify', '--cluster', cluster.clusterFile);
      assert.equal(code, 0, stdout);
    }));
});
