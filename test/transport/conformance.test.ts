/** One suite for every implementation that listens: what a Transport promises, it promises everywhere. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, describe, it } from 'node:test';
import { selectTransport } from '../../src/transport/select.ts';
import { dial, End, LIMITS, rawConnect, rawExchange, rawUpgraded, Server, UPGRADE } from './ends.ts';

const pattern = (length: number, seed: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + seed) & 0xff;
  return bytes;
};

for (const choice of ['uws', 'ws'] as const) {
  describe(`transport ${choice}`, async () => {
    const transport = await selectTransport(choice);
    const started: Server[] = [];
    const serve = async (limits = LIMITS): Promise<Server> => {
      const server = await Server.start(transport, limits);
      started.push(server);
      return server;
    };
    const pair = async (limits = LIMITS): Promise<{ server: Server; near: End; far: End }> => {
      const server = await serve(limits);
      const near = await dial(transport, server.address);
      return { server, near, far: await server.next() };
    };
    after(() => Promise.all(started.map((server) => server.listener.close())));

    it('is the implementation that was asked for', () => assert.equal(transport.name, choice));

    it('keeps frames whole and in order, both ways', async () => {
      const { near, far } = await pair();
      const sizes = Array.from({ length: 600 }, (_, turn) => (turn * 977) % 5000);
      for (const [turn, size] of sizes.entries()) assert.ok(near.link!.send(pattern(size, turn)));
      for (const [turn, size] of sizes.entries()) assert.ok(far.link!.send(pattern(size, turn + 1)));
      await Promise.all([near.frameCount(sizes.length), far.frameCount(sizes.length)]);
      for (const [turn, size] of sizes.entries()) {
        assert.deepEqual(far.frames[turn], pattern(size, turn));
        assert.deepEqual(near.frames[turn], pattern(size, turn + 1));
      }
    });

    it('carries a frame of exactly the limit, both ways', async () => {
      const { near, far } = await pair();
      const frame = pattern(LIMITS.maxFrameBytes, 7);
      near.link!.send(frame);
      far.link!.send(frame);
      await Promise.all([near.frameCount(1), far.frameCount(1)]);
      assert.deepEqual(far.frames[0], frame);
      assert.deepEqual(near.frames[0], frame);
    });

    it('N01: closes with 1009 on a frame beyond the limit and delivers nothing of it', async () => {
      const { near, far } = await pair();
      near.link!.send(new Uint8Array(LIMITS.maxFrameBytes + 1));
      await Promise.all([near.untilClosed(), far.untilClosed()]);
      assert.equal(far.closes[0]!.code, 1009);
      assert.equal(far.frames.length, 0);
    });

    it('N01: closes on a merely declared length of 2^31, 2^32-1 and 2^63 before any of it arrives', async () => {
      const server = await serve();
      for (const [turn, declared] of [2n ** 31n, 2n ** 32n - 1n, 2n ** 63n].entries()) {
        const socket = await rawUpgraded(server.listener.port);
        const header = Buffer.alloc(14);
        header[0] = 0x82;
        header[1] = 0x80 | 127;
        header.writeBigUInt64BE(declared, 2);
        socket.resume();
        socket.write(header);
        await once(socket, 'close');
        const far = await server.next(turn);
        await far.untilClosed();
        assert.equal(far.frames.length, 0);
      }
    });

    it('N02: resumes a frame that arrives byte by byte, and takes several that arrive at once', async () => {
      const server = await serve();
      const socket = await rawUpgraded(server.listener.port);
      const frame = (text: string): Buffer =>
        Buffer.concat([Buffer.from([0x82, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
      socket.setNoDelay(true);
      for (const byte of frame('slowly')) await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
      socket.write(Buffer.concat([frame('two'), frame(''), frame('three')]));
      const far = await server.next();
      await far.frameCount(4);
      assert.deepEqual(
        far.frames.map((bytes) => bytes.toString()),
        ['slowly', 'two', '', 'three'],
      );
      socket.destroy();
    });

    it('N14: bounds the outbox of a peer that never reads, then closes instead of leaving a gap', async () => {
      const server = await serve();
      const socket = await rawUpgraded(server.listener.port);
      socket.pause();
      const far = await server.next();
      const frame = new Uint8Array(256 * 1024);
      let accepted = 0;
      while (far.link!.send(frame)) {
        accepted += 1;
        assert.ok(far.link!.outboxBytes <= LIMITS.maxOutboxBytes + 1024, 'the outbox grew beyond its bound');
        assert.ok(accepted < 10_000, 'send never refused');
        if (accepted % 8 === 0) await new Promise(setImmediate);
      }
      assert.equal(far.link!.send(frame), false, 'a frame after the gap');
      assert.equal(far.closes.length, 0, 'closed was called from within send');
      await far.untilClosed();
      assert.equal(far.closes[0]!.code, 1013);
      socket.destroy();
    });

    it('N16: refuses text frames with 1003', async () => {
      const server = await serve();
      const socket = await rawUpgraded(server.listener.port);
      socket.resume();
      socket.write(Buffer.concat([Buffer.from([0x81, 0x82, 0, 0, 0, 0]), Buffer.from('hi')]));
      const far = await server.next();
      await far.untilClosed();
      assert.equal(far.closes[0]!.code, 1003);
      assert.equal(far.frames.length, 0);
    });

    it('N16: fragments are one frame, and count together against the limit', async () => {
      const server = await serve();
      const socket = await rawUpgraded(server.listener.port);
      socket.resume();
      const part = (opcode: number, bytes: Buffer): Buffer => {
        const header = Buffer.alloc(14);
        header[0] = opcode;
        header[1] = 0x80 | 127;
        header.writeBigUInt64BE(BigInt(bytes.length), 2);
        return Buffer.concat([header, bytes]);
      };
      const third = pattern(LIMITS.maxFrameBytes / 4, 3);
      socket.write(Buffer.concat([part(0x02, third), part(0x00, third), part(0x80, third)]));
      const far = await server.next();
      await far.frameCount(1);
      assert.deepEqual(far.frames[0], Buffer.concat([third, third, third]));
      const closed = once(socket, 'close');
      for (let sent = 0; sent < 5; sent += 1) socket.write(part(sent === 0 ? 0x02 : 0x00, third));
      await Promise.all([closed, far.untilClosed()]);
      assert.equal(far.closes[0]!.code, 1009);
      assert.equal(far.frames.length, 1);
    });

    it('carries close codes and reasons either way, once, after what was queued, and nothing afterwards', async () => {
      for (const closer of ['near', 'far'] as const) {
        const ends = await pair();
        const [active, passive] = closer === 'near' ? [ends.near, ends.far] : [ends.far, ends.near];
        active.link!.send(pattern(100_000, 1));
        active.link!.close(4001, 'enough');
        assert.equal(active.closes.length, 0, 'closed was called from within close');
        active.link!.close(4002, 'again');
        assert.equal(active.link!.send(pattern(1, 1)), false);
        passive.link!.send(pattern(10, 2));
        await Promise.all([active.untilClosed(), passive.untilClosed()]);
        assert.equal(passive.frames.length, 1);
        assert.deepEqual(passive.closes, [{ code: 4001, reason: 'enough' }]);
        assert.equal(active.closes[0]!.code, 4001);
        assert.equal(active.frames.length, 0);
        await new Promise(setImmediate);
        assert.equal(active.closes.length + passive.closes.length, 2);
      }
    });

    it('N21: a reason the other side gives holds no control characters', async () => {
      const server = await serve();
      const socket = await rawUpgraded(server.listener.port);
      const reason = Buffer.from('bye\n\u001b[2J');
      const status = Buffer.from([0x0f, 0xa1]);
      const header = Buffer.from([0x88, 0x80 | (2 + reason.length), 0, 0, 0, 0]);
      socket.write(Buffer.concat([header, status, reason]));
      const far = await server.next();
      await far.untilClosed();
      assert.deepEqual(far.closes, [{ code: 4001, reason: 'bye??[2J' }]);
      socket.destroy();
    });

    it('tells the other side when a connection breaks without a word', async () => {
      const server = await serve();
      const socket = await rawUpgraded(server.listener.port);
      const far = await server.next();
      socket.destroy();
      await far.untilClosed();
      assert.equal(far.closes[0]!.code, 1006);
      assert.equal(far.link!.send(new Uint8Array(1)), false);
    });

    it('refuses a port that is taken with PORT_IN_USE', async () => {
      const server = await serve();
      await assert.rejects(Server.start(transport, LIMITS, server.listener.port), { code: 'PORT_IN_USE' });
    });

    it('closing the listener closes every link and frees the port at once', async () => {
      const { server, near, far } = await pair();
      await server.listener.close();
      const again = await Server.start(transport, LIMITS, server.listener.port);
      await again.listener.close();
      await Promise.all([near.untilClosed(), far.untilClosed()]);
      assert.equal(near.closes[0]!.code, 1001);
      await assert.rejects(dial(transport, server.address), /ECONNREFUSED/);
      await server.listener.close();
    });

    it('N17: answers stray HTTP with 426, garbage with an error, and goes on serving', async () => {
      const server = await serve();
      const port = server.listener.port;
      assert.match(
        await rawExchange(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
        /^HTTP\/1\.1 426/,
      );
      assert.match(
        await rawExchange(port, `${UPGRADE.replace('GET / ', 'GET /elsewhere ')}\r\n`),
        /^HTTP\/1\.1 426/,
        'an upgrade elsewhere',
      );
      assert.doesNotMatch(await rawExchange(port, `${'\0'.repeat(64)}\r\n\r\n`), /^HTTP\/1\.1 101/);
      assert.doesNotMatch(
        await rawExchange(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(200_000)}\r\n\r\n`),
        /^HTTP\/1\.1 101/,
      );
      assert.equal(server.accepted.length, 0);
      const near = await dial(transport, server.address);
      near.link!.close(1000, '');
    });

    it('refuses upgrades from pages in browsers', async () => {
      const server = await serve();
      const answer = await rawExchange(server.listener.port, `${UPGRADE}Origin: http://evil.example\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 403/);
      assert.equal(server.accepted.length, 0);
    });

    it('N11: a half-sent upgrade occupies nobody: others are served meanwhile', async () => {
      const server = await serve();
      const stuck = await rawConnect(server.listener.port);
      stuck.on('error', () => undefined);
      stuck.write(UPGRADE);
      const near = await dial(transport, server.address);
      near.link!.send(new Uint8Array(3));
      await (await server.next()).frameCount(1);
      stuck.destroy();
    });
  });
}

describe('dialling', async () => {
  const transport = await selectTransport('ws');

  it('reports a refused connection and a host that does not resolve', async () => {
    await assert.rejects(dial(transport, '127.0.0.1:1'), /ECONNREFUSED/);
    await assert.rejects(dial(transport, 'no-such-host.invalid:1'));
  });

  it('N17: reports a server that is something else', async () => {
    const other = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    await assert.rejects(dial(transport, `127.0.0.1:${port}`));
    other.close();
  });

  it('gives up when told to', async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as { port: number };
    const failed = new Promise<string>((resolve) => {
      const giveUp = transport.dial({
        address: `127.0.0.1:${port}`,
        ...LIMITS,
        opened: () => new End(),
        failed: resolve,
      });
      silent.once('connection', () => giveUp());
    });
    assert.ok(await failed);
    silent.close();
  });
});

describe('the choice of a transport', () => {
  it('loads the native uWebSockets.js here, not a stand-in', async () => {
    assert.equal((await selectTransport('uws')).name, 'uws');
    const report = process.report.getReport() as unknown as { sharedObjects: string[] };
    assert.ok(
      report.sharedObjects.some((name) => /uws_[a-z0-9_]+\.node$/.test(name)),
      'no uws_*.node among the shared objects',
    );
  });

  it('takes uWebSockets.js by itself where it loads', async () => {
    assert.equal((await selectTransport('auto')).name, 'uws');
  });
});
