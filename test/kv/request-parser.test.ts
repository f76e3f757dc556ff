import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError, RequestParser } from '../../src/kv/request-parser.ts';

const words = fc.array(fc.uint8Array({ maxLength: 40 }).map(Buffer.from), { minLength: 1, maxLength: 6 });

const encode = (request: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${request.length}\r\n`),
    ...request.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n')]),
  ]);

/** What comes out when `bytes` come in pieces that end at `cuts`; a protocol error is the last thing to come. */
function parsed(bytes: Buffer, cuts: readonly number[]): string[] {
  const parser = new RequestParser();
  const found: string[] = [];
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    try {
      parser.push(bytes.subarray(start, end), (request) =>
        found.push(request.map((word) => word.toString('hex')).join(' ')),
      );
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
      return [...found, `error: ${error.message}`];
    }
    start = end;
  }
  return found;
}

const cuts = fc.array(fc.nat(), { maxLength: 20 });

test('N02 requests come out whole and in order however their bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 8 }), cuts, (requests, at) => {
      const expected = requests.map((request) => request.map((word) => word.toString('hex')).join(' '));
      assert.deepEqual(parsed(Buffer.concat(requests.map(encode)), at), expected);
    }),
  );
});

test('N02 every single cut of a long request', () => {
  const bytes = encode([Buffer.from('SET'), Buffer.alloc(0), Buffer.from('a\r\n$3\r\n*1')]);
  const whole = parsed(Buffer.concat([bytes, Buffer.from('PING\r\n')]), []);
  assert.equal(whole.length, 2);
  for (let cut = 0; cut < bytes.length + 6; cut++)
    assert.deepEqual(parsed(Buffer.concat([bytes, Buffer.from('PING\r\n')]), [cut]), whole, `cut at ${cut}`);
});

test('N03 N05 whatever comes, it is requests or a protocol error, and the same however it is cut', () => {
  const fragments = fc.constantFrom(
    '*',
    '$',
    ':',
    '\r\n',
    '\n',
    '1',
    '2',
    '-1',
    '3',
    'GET',
    '"',
    "'",
    '\\x',
    ' ',
    '\0',
    '999999999999',
  );
  const garbage = fc.array(fragments, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''), 'latin1'));
  fc.assert(
    fc.property(garbage, cuts, (bytes, at) => {
      assert.deepEqual(parsed(bytes, at), parsed(bytes, []));
    }),
    { numRuns: 2000 },
  );
});

test('N01 a declared length makes nothing grow before its bytes come', () => {
  const parsers = Array.from({ length: 2000 }, () => new RequestParser());
  const before = process.memoryUsage().rss;
  for (const parser of parsers) parser.push(Buffer.from('*65536\r\n$1048576\r\n'), () => assert.fail('no request'));
  assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024, 'two gigabytes were declared');
});
