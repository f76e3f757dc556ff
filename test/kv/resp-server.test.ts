import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { isScriptoriumError, ScriptoriumError } from '../../src/errors.ts';
import createKeyValueStore from '../../src/kv/machine.ts';
import { type RespServer, type RespServerOptions, startRespServer } from '../../src/kv/resp-server.ts';
import type { WorkerStatus } from '../../src/node/status.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { OrderedLog } from './ordered-log.ts';

const STATUS: WorkerStatus = {
  workerId: 'w1',
  incarnation: '00'.repeat(16),
  clusterId: 'ab'.repeat(16),
  role: 'leader',
  term: 7,
  leader: { workerId: 'w1', address: '127.0.0.1:1' },
  tookOver: false,
  tailIndex: 5,
  commitIndex: 5,
  configuration: { index: 0, scribes: [] },
  haltedAt: null,
  appliedIndex: 4,
  lease: { millis: 0, held: false },
  transport: 'memory',
};

const servers: RespServer[] = [];
const sockets: Socket[] = [];

async function start(options: Partial<RespServerOptions> = {}): Promise<{ server: RespServer; log: OrderedLog }> {
  const log = new OrderedLog(createKeyValueStore());
  const server = await startRespServer({
    port: 0,
    service: log,
    describe: () => STATUS,
    clock: { wallMillis: () => log.clockMillis },
    log: silentLog,
    ...options,
  });
  servers.push(server);
  return { server, log };
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close();
});

async function open(server: RespServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Sends `input` and reads until `length` bytes have come or the other side ended. */
async function talk(socket: Socket, input: string | Buffer, length: number): Promise<string> {
  if (input.length > 0) socket.write(input, 'latin1');
  let text = '';
  while (text.length < length) {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) text += chunk.toString('latin1');
    else if (socket.readableEnded) break;
    else await Promise.race([once(socket, 'readable'), once(socket, 'end')]);
  }
  return text;
}

const expectTalk = async (socket: Socket, input: string | Buffer, output: string): Promise<void> =>
  assert.equal(await talk(socket, input, output.length), output);

/** Everything up to the end of the connection. */
const untilEnd = (socket: Socket, input: string | Buffer): Promise<string> => talk(socket, input, Number.MAX_VALUE);

const request = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word, 'latin1')}\r\n${word}\r\n`).join('')}`;

test('inline requests and arrays are answered, also when they come byte by byte', async () => {
  const { server } = await start();
  const socket = await open(server);
  await expectTalk(socket, 'PING\r\nset k "a b\\x41\\n"\n\r\nget k\r\n', '+PONG\r\n+OK\r\n$5\r\na bA\n\r\n');
  for (const byte of request('ECHO', 'slow')) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expectTalk(socket, '', '$4\r\nslow\r\n');
});

test('keys and values are binary-safe', async () => {
  const { server } = await start();
  const socket = await open(server);
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
  await expectTalk(socket, request('SET', every, every), '+OK\r\n');
  await expectTalk(socket, request('GET', every), `$256\r\n${every}\r\n`);
});

test('pipelined reads see the writes before them and not those after them, and replies keep their order', async () => {
  const { server, log } = await start();
  const socket = await open(server);
  const input = [
    'SET a 1',
    'GET a',
    'SET a 2',
    'SET a 3',
    'PING x',
    'INCR a',
    'GET a',
    'STRLEN a',
    'PING',
    'DEL a',
    'GET a',
  ];
  await expectTalk(
    socket,
    input.map((line) => request(...line.split(' '))).join(''),
    '+OK\r\n$1\r\n1\r\n+OK\r\n+OK\r\n$1\r\nx\r\n:4\r\n$1\r\n4\r\n:1\r\n+PONG\r\n:1\r\n$-1\r\n',
  );
  assert.deepEqual(log.calls, [1, 'read', 3, 'read', 1, 'read']);
});

test('a transaction is one entry; a read inside it sees its writes', async () => {
  const { server, log } = await start();
  const socket = await open(server);
  await expectTalk(
    socket,
    'MULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nINCR a x\r\nEXEC\r\n',
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n-ERR wrong number of arguments for 'incr' command\r\n" +
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
  );
  assert.equal(log.entries.length, 0);
  await expectTalk(
    socket,
    'MULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nSET b x\r\nINCR b\r\nEXEC\r\n',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n' +
      '*5\r\n+OK\r\n:2\r\n$1\r\n2\r\n+OK\r\n-ERR value is not an integer or out of range\r\n',
  );
  assert.equal(log.entries.length, 1);
  await expectTalk(socket, 'MULTI\r\nSET a 9\r\nDISCARD\r\nGET a\r\n', '+OK\r\n+QUEUED\r\n+OK\r\n$1\r\n2\r\n');
});

test('WATCH makes EXEC fail when a watched key was changed by another client', async () => {
  const { server } = await start();
  const [one, two] = [await open(server), await open(server)];
  await expectTalk(one, 'SET a 1\r\nWATCH a b\r\nGET a\r\n', '+OK\r\n+OK\r\n$1\r\n1\r\n');
  await expectTalk(two, 'SET b 1\r\n', '+OK\r\n');
  await expectTalk(one, 'MULTI\r\nSET a 2\r\nEXEC\r\nGET a\r\n', '+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n1\r\n');
  await expectTalk(one, 'WATCH a\r\nMULTI\r\nSET a 2\r\nEXEC\r\n', '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n');
  await expectTalk(
    one,
    'WATCH a\r\nSET a 3\r\nUNWATCH\r\nMULTI\r\nGET a\r\nEXEC\r\n',
    '+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n3\r\n',
  );
});

test('N05: keys are watched up to what a transaction can carry, and UNWATCH makes room', async () => {
  const { server } = await start();
  const socket = await open(server);
  const watch = (letter: string): Buffer =>
    Buffer.from(`*2\r\n$5\r\nWATCH\r\n$400000\r\n${letter.repeat(400_000)}\r\n`);
  await expectTalk(socket, Buffer.concat([watch('a'), watch('b'), watch('b')]), '+OK\r\n+OK\r\n+OK\r\n');
  await expectTalk(socket, watch('c'), '-ERR the watched keys are larger than 1048576 bytes\r\n');
  await expectTalk(socket, Buffer.concat([Buffer.from('UNWATCH\r\n'), watch('c')]), '+OK\r\n+OK\r\n');
});

test('C04: a command that is too large for the log is refused alone, and not with those it came with', async () => {
  const { server, log } = await start();
  const socket = await open(server);
  const large = 'x'.repeat(1024 * 1024);
  const input = request('SET', 'a', '1') + request('SET', 'b', large) + request('SET', 'c', '3') + request('QUIT');
  const refusal = '-ERR the command takes 1048597 bytes in the log, the bound is 1048576\r\n';
  assert.equal(await untilEnd(socket, input), `+OK\r\n${refusal}+OK\r\n+OK\r\n`);
  assert.equal(log.entries.length, 2);
});

test('a key that is gone by the reader clock only is read again after a tick of logged time', async () => {
  const { server, log } = await start();
  const socket = await open(server);
  await expectTalk(socket, 'SET k v PX 100\r\nPTTL k\r\n', '+OK\r\n:100\r\n');
  log.clockMillis += 100;
  log.calls.length = 0;
  await expectTalk(socket, 'GET k\r\nDBSIZE\r\n', '$-1\r\n:0\r\n');
  assert.deepEqual(log.calls, ['read', 1, 'read']);
});

test('a reader whose clock runs ahead of the leader is answered by logged time', async () => {
  let ahead = 0;
  const log = new OrderedLog(createKeyValueStore());
  const { server } = await start({ service: log, clock: { wallMillis: () => log.clockMillis + ahead } });
  const socket = await open(server);
  ahead = 60_000;
  await expectTalk(socket, 'SET k v PX 100\r\nGET k\r\n', '+OK\r\n$1\r\nv\r\n');
});

test('C12 failures of the log say whether the command took effect', async () => {
  const { server, log } = await start();
  const socket = await open(server);
  const fail = (code: 'NO_LEADER' | 'OVERLOADED' | 'LEADERSHIP_LOST' | 'TOO_LARGE'): void => {
    log.failure = new ScriptoriumError(code, `because\r\n${code}`);
  };
  fail('NO_LEADER');
  await expectTalk(
    socket,
    'SET a 1\r\nGET a\r\n',
    '-CLUSTERDOWN because  NO_LEADER\r\n-CLUSTERDOWN because  NO_LEADER\r\n',
  );
  fail('OVERLOADED');
  await expectTalk(socket, 'SET a 1\r\n', '-TRYAGAIN because  OVERLOADED\r\n');
  fail('LEADERSHIP_LOST');
  await expectTalk(
    socket,
    'SET a 1\r\nGET a\r\n',
    '-UNKNOWN outcome: because  LEADERSHIP_LOST\r\n-TRYAGAIN because  LEADERSHIP_LOST\r\n',
  );
  fail('TOO_LARGE');
  await expectTalk(socket, 'SET a 1\r\n', '-ERR because  TOO_LARGE\r\n');
  log.failure = null;
  await expectTalk(socket, 'SET a 1\r\n', '+OK\r\n');
});

test('INFO replication tells role, term and leader', async () => {
  let status = STATUS;
  const { server } = await start({ describe: () => status });
  const socket = await open(server);
  assert.match(
    await talk(socket, 'INFO replication\r\n', 200),
    /role:master\r\n[\s\S]*term:7\r\n[\s\S]*leader_id:w1\r\n/,
  );
  status = { ...STATUS, role: 'learner', leader: { workerId: 'w2', address: '127.0.0.1:2' } };
  const text = await talk(await open(server), 'INFO replication\r\nQUIT\r\n', Number.MAX_VALUE);
  assert.match(text, /role:slave\r\n[\s\S]*term:7\r\n[\s\S]*leader_id:w2\r\n/);
});

const REFUSED: readonly (readonly [name: string, input: string, output: string])[] = [
  [
    'N01 a declared length over the limit',
    '*2\r\n$3\r\nGET\r\n$1048577\r\n',
    '-ERR Protocol error: invalid bulk length\r\n',
  ],
  ['N01 a length of 2^32', '*1\r\n$4294967296\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['N05 more words than the limit', '*33000000\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
  ['N05 a negative word length', '*1\r\n$-1\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['N03 a word of another type', '*1\r\n:1\r\n', "-ERR Protocol error: expected '$', got ':'\r\n"],
  ['N03 nested arrays', '*1\r\n*1\r\n', "-ERR Protocol error: expected '$', got '*'\r\n"],
  ['N03 a count that is no number', '*x\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
  [
    'N03 a word longer than declared',
    '*1\r\n$1\r\nabc\r\n',
    '-ERR Protocol error: expected CRLF after a bulk string\r\n',
  ],
  ['an open quote', 'GET "a\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
  ['an endless line', 'x'.repeat(70_000), '-ERR Protocol error: too big inline request\r\n'],
  ['an endless count', `*${'1'.repeat(70)}`, '-ERR Protocol error: too big mbulk count string\r\n'],
];

for (const [name, input, output] of REFUSED) {
  test(`${name} is a protocol error, after the requests before it were answered`, async () => {
    const { server } = await start();
    assert.equal(await untilEnd(await open(server), `SET a 1\r\n${input}`), `+OK\r\n${output}`);
    await expectTalk(await open(server), 'GET a\r\n', '$1\r\n1\r\n');
  });
}

test('N01 many words within their limits do not add up beyond the limit of a request', async () => {
  const { server } = await start();
  const word = `$600000\r\n${'x'.repeat(600_000)}\r\n`;
  assert.equal(await untilEnd(await open(server), `*3\r\n${word}${word}`), '-ERR Protocol error: too big request\r\n');
});

test('C05 a client that never reads is not read from any more, and others are served', async () => {
  const { server, log } = await start();
  const deaf = await open(server);
  deaf.pause();
  const value = 'v'.repeat(100_000);
  deaf.write(request('SET', 'big', value));
  let sent = 0;
  let taken = true;
  while (taken && sent < 200_000) {
    taken = deaf.write(request('GET', 'big').repeat(1000));
    sent += 1000;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expectTalk(await open(server), 'STRLEN big\r\n', ':100000\r\n');
  const reads = log.calls.filter((call) => call === 'read').length;
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(log.calls.filter((call) => call === 'read').length <= reads + 50);
  assert.ok(reads < sent);
});

test('C05 large replies are asked of the log as the client reads them, and not all at once', async () => {
  const { server, log } = await start();
  const deaf = await open(server);
  deaf.pause();
  const others = await open(server);
  const value = 'v'.repeat(1024 * 1024 - 64);
  await expectTalk(others, request('SET', 'big', value), '+OK\r\n');
  deaf.write(request('GET', 'big').repeat(100));
  const reads = (): number => log.calls.filter((call) => call === 'read').length;
  while (reads() < 2) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 100; turn++) await expectTalk(others, request('STRLEN', 'big'), ':1048512\r\n');
  assert.ok(reads() < 100 + 50, `the log was asked ${reads()} times`);
  const reply = `$${value.length}\r\n${value}\r\n`;
  assert.equal((await talk(deaf, '', 100 * reply.length)).length, 100 * reply.length);
});

test('N12 more connections than the cap are refused with an error', async () => {
  const { server } = await start({ maxConnections: 2 });
  const [one] = [await open(server), await open(server)];
  assert.equal(await untilEnd(await open(server), ''), '-ERR max number of clients reached\r\n');
  await expectTalk(one as Socket, 'PING\r\n', '+PONG\r\n');
});

test('a client that closes its side after its last request gets all replies', async () => {
  const { server } = await start();
  const socket = await open(server);
  socket.end('SET a 1\r\nGET a\r\nQUIT\r\nGET a\r\n');
  assert.equal(await untilEnd(socket, ''), '+OK\r\n$1\r\n1\r\n+OK\r\n');
});

test('close answers what is being answered and closes', async () => {
  const { server } = await start();
  const [busy, idle] = [await open(server), await open(server)];
  await expectTalk(busy, 'PING\r\n', '+PONG\r\n');
  busy.write('SET a 1\r\n');
  await once(busy, 'readable');
  const ended = Promise.all([untilEnd(busy, ''), untilEnd(idle, '')]);
  await server.close();
  assert.deepEqual(await ended, ['+OK\r\n', '']);
});

test('a port in use and a host that is not loopback are refused', async () => {
  const { server } = await start();
  const code = (expected: string) => (error: unknown) => isScriptoriumError(error) && error.code === expected;
  await assert.rejects(start({ port: server.port }), code('PORT_IN_USE'));
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org'])
    await assert.rejects(start({ host }), code('BAD_OPTION'));
  await assert.rejects(start({ maxConnections: 0 }), code('BAD_OPTION'));
});
