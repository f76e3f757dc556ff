/** Each row: what happened before, the command, and Redis 7's reply to it (`\n` stands for a line end). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreDriver } from './store-driver.ts';

type Row = readonly [before: string, command: string, reply: string];

const WRONG = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const SYNTAX = '-ERR syntax error';
const NOT_INTEGER = '-ERR value is not an integer or out of range';
const OVERFLOW = '-ERR increment or decrement would overflow';
const EXPIRE = (name: string): string => `-ERR invalid expire time in '${name}' command`;

const ROWS: readonly Row[] = [
  ['', 'GET a', '$-1'],
  ['SET a 1', 'GET a', '$1\n1'],
  ['SET a 1', 'get a', '$1\n1'],
  ['', 'GET', WRONG('get')],
  ['', 'GET a b', WRONG('get')],
  ['', 'NOSUCH a b', "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "],
  ['', 'SET a', WRONG('set')],
  ['', 'SET a 1', '+OK'],
  ['', 'SET a 1 XX', '$-1'],
  ['SET a 1', 'SET a 2 XX', '+OK'],
  ['SET a 1', 'SET a 2 NX', '$-1'],
  ['', 'SET a 2 nx', '+OK'],
  ['SET a 1', 'SET a 2 GET', '$1\n1'],
  ['', 'SET a 2 GET', '$-1'],
  ['SET a 1', 'SET a 2 NX GET', '$1\n1'],
  ['', 'SET a 2 XX GET', '$-1'],
  ['', 'SET a 1 NX XX', SYNTAX],
  ['', 'SET a 1 EX', SYNTAX],
  ['', 'SET a 1 EX 10 PX 10', SYNTAX],
  ['', 'SET a 1 EX 10 KEEPTTL', SYNTAX],
  ['', 'SET a 1 KEEPTTL EX 10', SYNTAX],
  ['', 'SET a 1 EX 0', EXPIRE('set')],
  ['', 'SET a 1 PX -5', EXPIRE('set')],
  ['', 'SET a 1 EX 9223372036854775807', EXPIRE('set')],
  ['', 'SET a 1 EX x', NOT_INTEGER],
  ['', 'SET a 1 nonsense', SYNTAX],
  ['SET a 1 EX 10', 'TTL a', ':10'],
  ['SET a 1 PX 1499', 'TTL a', ':1'],
  ['SET a 1 PX 1500', 'TTL a', ':2'],
  ['SET a 1 PX 1500', 'PTTL a', ':1500'],
  ['SET a 1 EXAT 1001', 'PTTL a', ':1000'],
  ['SET a 1 PXAT 1000700', 'PTTL a', ':700'],
  ['SET a 1 EXAT 999', 'GET a', '$-1'],
  ['SET a 1 EX 10;SET a 2', 'TTL a', ':-1'],
  ['SET a 1 EX 10;SET a 2 KEEPTTL', 'TTL a', ':10'],
  ['', 'TTL a', ':-2'],
  ['', 'SETNX a 1', ':1'],
  ['SET a 1', 'SETNX a 2', ':0'],
  ['SET a 1', 'GETSET a 2', '$1\n1'],
  ['SET a 1 EX 10;GETSET a 2', 'TTL a', ':-1'],
  ['', 'SETEX a 10 v', '+OK'],
  ['', 'SETEX a 0 v', EXPIRE('setex')],
  ['PSETEX a 250 v', 'PTTL a', ':250'],
  ['SET a 1', 'GETDEL a', '$1\n1'],
  ['SET a 1;GETDEL a', 'EXISTS a', ':0'],
  ['SET a 1;SET b 2', 'DEL a b c a', ':2'],
  ['SET a 1', 'UNLINK a', ':1'],
  ['SET a 1', 'EXISTS a a b', ':2'],
  ['', 'DEL', WRONG('del')],
  ['SET a hello', 'STRLEN a', ':5'],
  ['', 'STRLEN a', ':0'],
  ['', 'APPEND a xy', ':2'],
  ['SET a 1 EX 10;APPEND a xy', 'TTL a', ':10'],
  ['SET a 1;APPEND a xy', 'GET a', '$3\n1xy'],
  ['', 'INCR a', ':1'],
  ['', 'DECR a', ':-1'],
  ['SET a 10;INCRBY a 5;DECRBY a 20', 'GET a', '$2\n-5'],
  ['SET a 1 EX 10;INCR a', 'TTL a', ':10'],
  ['SET a 9223372036854775806', 'INCR a', ':9223372036854775807'],
  ['SET a 9223372036854775807', 'INCR a', OVERFLOW],
  ['SET a -9223372036854775808', 'DECR a', OVERFLOW],
  ['SET a 9223372036854775807;INCR a', 'GET a', '$19\n9223372036854775807'],
  ['SET a 9007199254740993', 'INCR a', ':9007199254740994'],
  ['SET a 9223372036854775808', 'INCR a', NOT_INTEGER],
  ['SET a x', 'INCR a', NOT_INTEGER],
  ['SET a 01', 'INCR a', NOT_INTEGER],
  ['SET a -0', 'INCR a', NOT_INTEGER],
  ['SET a +1', 'INCR a', NOT_INTEGER],
  ['SET a 1.0', 'INCR a', NOT_INTEGER],
  ['', 'INCRBY a 1.5', NOT_INTEGER],
  ['', 'DECRBY a -9223372036854775808', '-ERR decrement would overflow'],
  ['SET a 1;SET c 3', 'MGET a b c', '*3\n$1\n1\n$-1\n$1\n3'],
  ['MSET a 1 b 2 a 3', 'MGET a b', '*2\n$1\n3\n$1\n2'],
  ['', 'MSET a 1 b', WRONG('mset')],
  ['', 'MSETNX a 1 b 2', ':1'],
  ['SET b 1', 'MSETNX a 1 b 2', ':0'],
  ['SET b 1;MSETNX a 1 b 2', 'EXISTS a', ':0'],
  ['SET a 1', 'TYPE a', '+string'],
  ['', 'TYPE a', '+none'],
  ['SET a 1;SET ab 2;SET b 3', 'KEYS a*', '*2\n$1\na\n$2\nab'],
  ['SET a 1;SET b 2', 'DBSIZE', ':2'],
  ['SET a 1;FLUSHALL', 'DBSIZE', ':0'],
  ['SET a 1;FLUSHDB ASYNC', 'DBSIZE', ':0'],
  ['', 'FLUSHALL now', SYNTAX],
  ['SET a 1', 'EXPIRE a 10', ':1'],
  ['', 'EXPIRE a 10', ':0'],
  ['SET a 1;EXPIRE a 10', 'TTL a', ':10'],
  ['SET a 1;PEXPIRE a 10', 'PTTL a', ':10'],
  ['SET a 1;EXPIREAT a 1005', 'PTTL a', ':5000'],
  ['SET a 1;PEXPIREAT a 1000005', 'PTTL a', ':5'],
  ['SET a 1;EXPIRE a -1', 'EXISTS a', ':0'],
  ['SET a 1', 'EXPIRE a 0', ':1'],
  ['SET a 1', 'EXPIRE a x', NOT_INTEGER],
  ['SET a 1', 'EXPIRE a 9223372036854775807', EXPIRE('expire')],
  ['SET a 1 EX 10', 'EXPIRE a 20 NX', ':0'],
  ['SET a 1', 'EXPIRE a 20 NX', ':1'],
  ['SET a 1', 'EXPIRE a 20 XX', ':0'],
  ['SET a 1 EX 10', 'EXPIRE a 20 XX', ':1'],
  ['SET a 1 EX 10', 'EXPIRE a 5 GT', ':0'],
  ['SET a 1 EX 10', 'EXPIRE a 20 GT', ':1'],
  ['SET a 1', 'EXPIRE a 20 GT', ':0'],
  ['SET a 1', 'EXPIRE a 20 LT', ':1'],
  ['SET a 1 EX 10', 'EXPIRE a 20 LT', ':0'],
  ['SET a 1', 'EXPIRE a 20 NX GT', '-ERR NX and XX, GT or LT options at the same time are not compatible'],
  ['SET a 1', 'EXPIRE a 20 GT LT', '-ERR GT and LT options at the same time are not compatible'],
  ['SET a 1', 'EXPIRE a 20 ZZ', '-ERR Unsupported option ZZ'],
  ['SET a 1 EX 10', 'PERSIST a', ':1'],
  ['SET a 1 EX 10;PERSIST a', 'TTL a', ':-1'],
  ['SET a 1', 'PERSIST a', ':0'],
  ['SET a 1;SET b 2', 'SCAN 0', '*2\n$1\n0\n*2\n$1\na\n$1\nb'],
  ['SET a 1;SET b 2', 'SCAN 0 MATCH b', '*2\n$1\n0\n*1\n$1\nb'],
  ['SET a 1', 'SCAN 0 TYPE list', '*2\n$1\n0\n*0'],
  ['SET a 1', 'SCAN 0 TYPE string', '*2\n$1\n0\n*1\n$1\na'],
  ['', 'SCAN x', '-ERR invalid cursor'],
  ['', 'SCAN 0 COUNT 0', SYNTAX],
  ['', 'SCAN 0 COUNT x', NOT_INTEGER],
  ['', 'SCAN 0 MATCH', SYNTAX],
  ['SET a 1;SET b 2 EX 5', 'INFO keyspace', '$44\n# Keyspace\ndb0:keys=2,expires=1,avg_ttl=0\n'],
];

for (const [before, command, reply] of ROWS) {
  test(`${before === '' ? '' : `${before}; `}${command} is answered ${reply.replaceAll('\n', ' ')}`, () => {
    const store = new StoreDriver();
    for (const line of before.split(';').filter((line) => line !== '')) store.line(line);
    assert.equal(store.line(command), `${reply.replaceAll('\n', '\r\n')}\r\n`);
  });
}

test('a key is gone at its time, by logged time alone', () => {
  const store = new StoreDriver();
  store.line('SET a 1 PX 100');
  store.now += 99;
  store.line('SET other 1');
  assert.equal(store.line('EXISTS a'), ':1\r\n');
  store.now += 1;
  assert.equal(store.line('GET a'), 'behind', 'the reader knows, the log does not');
  assert.equal(store.read(['GET', 'a'], 0), '$1\r\n1\r\n', 'logged time alone');
  store.line('SET other 2');
  assert.equal(store.line('GET a'), '$-1\r\n');
  assert.equal(store.line('DBSIZE'), ':1\r\n');
  assert.equal(store.versionOf('a'), 0);
});

test('logged time never goes back', () => {
  const store = new StoreDriver();
  store.line('SET a 1 PX 100');
  store.now += 100;
  store.line('SET b 1');
  store.now -= 1000;
  store.line('SET c 1 PX 10');
  assert.equal(store.read(['PTTL', 'c'], 0), ':10\r\n');
  assert.equal(store.line('EXISTS a'), ':0\r\n');
});

test('many changes of expiry leave one expiry', () => {
  const store = new StoreDriver();
  for (let round = 1; round <= 5000; round++) store.run('SET', 'a', 'v', 'PX', `${round}`);
  store.now += 4999;
  store.line('SET b 1');
  assert.equal(store.line('EXISTS a'), ':1\r\n');
  store.now += 1;
  store.line('SET b 2');
  assert.equal(store.line('EXISTS a'), ':0\r\n');
});

test('a value grows to the limit and not beyond', () => {
  const store = new StoreDriver();
  store.run('SET', 'a', 'x'.repeat(1024 * 1024 - 1));
  assert.equal(store.line('APPEND a y'), ':1048576\r\n');
  assert.match(store.line('APPEND a y'), /^-ERR string exceeds maximum allowed size/);
  assert.equal(store.line('STRLEN a'), ':1048576\r\n');
});

test('a key is at most 65536 bytes long', () => {
  const store = new StoreDriver();
  const key = 'k'.repeat(65_536);
  assert.equal(store.run('SET', key, '1'), '+OK\r\n');
  assert.equal(store.run('GET', key), '$1\r\n1\r\n');
  assert.equal(store.run('SET', `${key}k`, '1'), '-ERR key is longer than 65536 bytes\r\n');
  assert.equal(store.run('MSET', 'a', '1', `${key}k`, '1'), '-ERR key is longer than 65536 bytes\r\n');
  assert.equal(store.line('DBSIZE'), ':1\r\n');
});

test('a reply that is too large is an error, and a transaction with one still runs', () => {
  const store = new StoreDriver();
  store.run('SET', 'a', 'x'.repeat(1024 * 1024));
  const tooLarge = '-ERR the command was executed, but its reply is too large to be sent\r\n';
  assert.equal(store.run('MGET', ...Array(4000).fill('a')), tooLarge);
  assert.equal(store.transaction(...Array(10).fill('GET a'), 'SET b 1'), tooLarge);
  assert.equal(store.line('GET b'), '$1\r\n1\r\n');
});

test('a transaction is atomic and shows each command the ones before it', () => {
  const store = new StoreDriver();
  assert.equal(
    store.transaction('SET a 1', 'INCR a', 'SET b x', 'INCR b', 'MGET a b'),
    `*5\r\n+OK\r\n:2\r\n+OK\r\n${NOT_INTEGER}\r\n*2\r\n$1\r\n2\r\n$1\r\nx\r\n`,
  );
});

test('SCAN meets every key that is there throughout, whatever is deleted and added meanwhile', () => {
  const store = new StoreDriver();
  for (let number = 0; number < 3000; number++) store.line(`SET key${number} v`);
  const seen = new Map<string, number>();
  let cursor = '0';
  let round = 0;
  do {
    const words = store.line(`SCAN ${cursor} COUNT 7`).split('\r\n');
    cursor = words[2] as string;
    for (const word of words) if (word.startsWith('key')) seen.set(word, (seen.get(word) ?? 0) + 1);
    store.line(`DEL key${(round * 31) % 1500}`);
    store.line(`SET new${round} v`);
    store.line(`SET key${1500 + ((round * 17) % 1500)} w`);
    round++;
  } while (cursor !== '0');
  for (let number = 1500; number < 3000; number++) assert.equal(seen.get(`key${number}`), 1, `key${number}`);
});

test('bytes that are no entry or no query are refused', () => {
  const store = new StoreDriver();
  const command = Uint8Array.of(1, 1, 0, 0, 0, 4, 0, 0, 0, 112, 105, 110, 103);
  for (let length = 0; length < command.length; length++)
    assert.throws(() => store.apply(command.subarray(0, length)), /ends too early/);
  assert.throws(() => store.apply(Uint8Array.of(...command, 0)), /after the end/);
  assert.throws(() => store.apply(Uint8Array.of(9)), /not an entry/);
  assert.throws(() => store.apply(Uint8Array.of(1, 255, 255, 255, 255)), /ends too early/);
  assert.throws(() => store.machine.read(Uint8Array.of(9)), /not a query/);
  assert.throws(() => store.read(['SET', 'a', '1']), /must be proposed/);
});
