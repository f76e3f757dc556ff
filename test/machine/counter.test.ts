import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineHost } from '../../src/machine/host.ts';
import { encodeEntry } from '../../src/wire/entries.ts';
import { decodeResults } from '../../src/wire/results.ts';

const amount = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value).buffer);
const totalIn = (bytes: Uint8Array | undefined): bigint => Buffer.from(bytes ?? []).readBigInt64LE();

test('the counter of the examples counts, and refuses what is no amount', async (t) => {
  const host = await MachineHost.start({ module: new URL('../../examples/counter.js', import.meta.url) });
  t.after(() => host.stop());
  const commands = [amount(40n), amount(2n), Uint8Array.of(1), amount(-50n)];
  const batches = commands.map((command, position) => ({
    firstIndex: position + 1,
    term: 1,
    timestampMillis: 0,
    count: 1,
    section: encodeEntry(command),
    wantsResults: true,
  }));
  const results = (await host.apply(batches)).map((section) => decodeResults(section as Uint8Array, 1)[0]);
  assert.deepEqual(
    results.map((result) => (result?.failed === true ? Buffer.from(result.bytes).toString() : totalIn(result?.bytes))),
    [40n, 42n, 'an amount has 8 bytes, this has 1', -8n],
  );
  const [answer] = await host.read([new Uint8Array(0)]);
  assert.equal(totalIn(answer as Uint8Array), -8n);
});
