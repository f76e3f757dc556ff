/** Links between real nodes over real sockets, with each transport that listens. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Append } from '../../src/core/messages.ts';
import { selectTransport } from '../../src/transport/select.ts';
import { encodeRequest } from '../../src/wire/client-protocol.ts';
import {
  ANY_CLUSTER,
  answerHello,
  decodeHandshake,
  encodeHandshake,
  hello,
  type LinkIdentity,
  PROTOCOL_MAX,
  PROTOCOL_MIN,
} from '../../src/wire/handshake.ts';
import { PING, PONG } from '../../src/wire/liveness.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { ManualClock } from '../manual-clock.ts';
import { dial, type End, Server } from '../transport/ends.ts';
import { MESSAGES, REQUESTS } from '../wire/samples.ts';
import { CLUSTER, LinkNode, type NodeOptions } from './link-nodes.ts';

const CLIENT: LinkIdentity = { role: 'client', id: 'client', key: 'cc'.repeat(16), address: null };
const WORKER: LinkIdentity = { role: 'worker', id: 'raw', key: 'dd'.repeat(16), address: '127.0.0.1:9' };

for (const choice of ['uws', 'ws'] as const) {
  describe(`links over ${choice}`, async () => {
    const transport = await selectTransport(choice);
    const nodes: LinkNode[] = [];
    const node = (role: NodeOptions['role'], key: string, options: Partial<NodeOptions> = {}): LinkNode => {
      const made = new LinkNode({ transport, role, key, ...options });
      nodes.push(made);
      return made;
    };
    /** A scribe that listens and a worker that is linked to it. */
    const linked = async (options: Partial<NodeOptions> = {}) => {
      const scribe = node('scribe', 'aa', options);
      const worker = node('worker', 'bb', options);
      worker.want(await scribe.listen());
      await Promise.all([worker.untilCount('up', 1), scribe.untilCount('up', 1)]);
      return { scribe, worker };
    };
    /** A bare end that has said Hello to a node. */
    const greeted = async (address: string, identity: LinkIdentity, clusterId = CLUSTER): Promise<End> => {
      const end = await dial(transport, address);
      end.link!.send(encodeHandshake(hello(clusterId, identity)));
      return end;
    };
    after(() => Promise.all(nodes.map((made) => made.links.close())));

    it('both sides learn who the other is, and messages arrive in order', async () => {
      const { scribe, worker } = await linked();
      const [up] = worker.events;
      assert.deepEqual(up, {
        kind: 'up',
        key: scribe.key,
        peer: { role: 'scribe', storageUuid: 'aa'.repeat(16), scribeId: 'node-aa' },
      });
      const [other] = scribe.events;
      const identity = { workerId: 'node-bb', incarnation: 'bb'.repeat(16), address: '127.0.0.1:0' };
      assert.deepEqual(other, { kind: 'up', key: worker.key, peer: { role: 'worker', identity } });
      for (const message of [MESSAGES.probe, MESSAGES.append, MESSAGES.vote]) worker.links.send(scribe.key, message);
      for (const message of [MESSAGES.probeReply, MESSAGES.appendReply]) scribe.links.send(worker.key, message);
      await Promise.all([scribe.untilCount('message', 3), worker.untilCount('message', 2)]);
      assert.deepEqual(
        scribe.events.flatMap((event) => (event.kind === 'message' ? [event.message] : [])),
        [MESSAGES.probe, MESSAGES.append, MESSAGES.vote],
      );
      assert.deepEqual(
        worker.events.flatMap((event) => (event.kind === 'message' ? [event.message] : [])),
        [MESSAGES.probeReply, MESSAGES.appendReply],
      );
    });

    it('one message to several peers, and the same kind of message twice, are each what was sent', async () => {
      const worker = node('worker', 'bb');
      const scribes = [node('scribe', 'a1'), node('scribe', 'a2')];
      worker.want(...(await Promise.all(scribes.map((scribe) => scribe.listen()))));
      await worker.untilCount('up', 2);
      const second: Append = { ...MESSAGES.append, round: 5, batches: [] };
      for (const message of [MESSAGES.append, second, MESSAGES.append]) {
        for (const scribe of scribes) assert.ok(worker.links.send(scribe.key, message));
      }
      for (const scribe of scribes) {
        await scribe.untilCount('message', 3);
        const heard = scribe.events.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
        assert.deepEqual(heard, [MESSAGES.append, second, MESSAGES.append]);
      }
    });

    it('without copies, batches are whole while they are handed up', async () => {
      const { scribe, worker } = await linked({ copyFrames: false });
      let matched = 0;
      scribe.onMessage = (_key, message) => {
        assert.deepEqual(message, MESSAGES.append);
        matched += 1;
      };
      worker.links.send(scribe.key, MESSAGES.append);
      await scribe.untilCount('message', 1);
      assert.equal(matched, 1);
    });

    it('a message to nobody is refused, not queued', async () => {
      const { worker } = await linked();
      assert.equal(worker.links.send('scribe:ee', MESSAGES.probe), false);
    });

    it('an address that is not wanted any more loses its link, on both sides', async () => {
      const { scribe, worker } = await linked();
      worker.want();
      assert.equal(worker.count('down'), 1);
      await scribe.untilCount('down', 1);
      assert.equal(worker.links.send(scribe.key, MESSAGES.probe), false);
    });

    it('a node that comes back on its address is linked again', async () => {
      const { scribe, worker } = await linked();
      const port = Number(scribe.address.split(':')[1]);
      await scribe.links.close();
      await worker.untilCount('down', 1);
      const again = node('scribe', 'aa');
      await again.listen(port);
      await worker.untilCount('up', 2);
    });

    it('N18: whoever answers at an address is known by its key, not by the address', async () => {
      const { scribe, worker } = await linked();
      const port = Number(scribe.address.split(':')[1]);
      await scribe.links.close();
      const other = node('scribe', 'ab');
      await other.listen(port);
      await worker.untilCount('up', 2);
      const ups = worker.events.flatMap((event) => (event.kind === 'up' ? [event.key] : []));
      assert.deepEqual(ups, [scribe.key, other.key]);
    });

    it('P14: two workers under one id say so when they are linked, and so does a scribe that is linked to both', async () => {
      const scribe = node('scribe', 'aa');
      const [first, second] = [node('worker', 'b1', { id: 'w' }), node('worker', 'b2', { id: 'w' })];
      const [at, firstAt] = await Promise.all([scribe.listen(), first.listen(), second.listen()]);
      first.want(at);
      second.want(at, firstAt);
      const all = [scribe, first, second];
      await Promise.all(all.map((each) => each.until(() => each.count('up') === 2)));
      for (const { logged } of all)
        assert.match(logged.join(), new RegExp(`^two workers run under one id .*"w".*${firstAt}`));
    });

    it('the newest link of a peer takes the place of the older one, without a linkDown between', async () => {
      const scribe = node('scribe', 'aa');
      await scribe.listen();
      const first = await greeted(scribe.address, WORKER);
      await first.frameCount(1);
      const second = await greeted(scribe.address, WORKER);
      await Promise.all([second.frameCount(1), first.untilClosed()]);
      assert.equal(first.closes[0]!.code, 4000);
      second.link!.send(encodeMessage(MESSAGES.probe));
      await scribe.untilCount('message', 1);
      assert.deepEqual(
        scribe.events.map(({ kind }) => kind),
        ['up', 'up', 'message'],
      );
    });

    it('two nodes that dial each other settle on one link and keep it', async () => {
      const left = node('worker', 'b1');
      const right = node('worker', 'b2');
      await Promise.all([left.listen(), right.listen()]);
      left.want(right.address);
      right.want(left.address);
      await Promise.all([left.untilCount('up', 1), right.untilCount('up', 1)]);
      while (right.links.status().wanted[0]!.state !== 'covered') await nextTurns();
      assert.equal(left.links.status().wanted[0]!.state, 'up', 'the smaller key dialled the one that stays');
      left.links.send(right.key, MESSAGES.indexRequest);
      right.links.send(left.key, MESSAGES.indexRequest);
      await Promise.all([left.untilCount('message', 1), right.untilCount('message', 1)]);
      assert.equal(left.count('down') + right.count('down'), 0);
    });

    it('N06: another cluster is refused, both logs name both clusters, and nothing was learned', async () => {
      const foreign = 'f0'.repeat(16);
      const scribe = node('scribe', 'aa');
      const worker = node('worker', 'bb', { clusterId: foreign });
      worker.want(await scribe.listen());
      await Promise.all([worker.untilCount('log', 1), scribe.untilCount('log', 1)]);
      for (const { logged } of [worker, scribe]) {
        assert.match(logged[0]!, /WRONG_CLUSTER/);
        assert.ok(logged[0]!.includes(CLUSTER) && logged[0]!.includes(foreign), logged[0]);
      }
      assert.equal(worker.count('up') + scribe.count('up'), 0);
    });

    it('N07: a link to oneself is refused', async () => {
      const worker = node('worker', 'bb');
      worker.want(await worker.listen());
      await worker.untilCount('log', 2);
      assert.ok(
        worker.logged.every((text) => text.includes('a link to oneself')),
        worker.logged.join(),
      );
      assert.equal(worker.count('up'), 0);
    });

    it('N03: garbage for a handshake is refused with 1002', async () => {
      const scribe = node('scribe', 'aa');
      const end = await dial(transport, await scribe.listen());
      end.link!.send(Buffer.from('GET / HTTP/1.1'));
      await end.untilClosed();
      assert.equal(end.closes[0]!.code, 1002);
      assert.equal(scribe.links.status().refusals, 1);
    });

    it('N12: who is refused again and again does not fill the log', async () => {
      const scribe = node('scribe', 'aa');
      const address = await scribe.listen();
      for (let times = 0; times < 3; times++) {
        const end = await dial(transport, address);
        end.link!.send(Buffer.from('GET / HTTP/1.1'));
        await end.untilClosed();
      }
      assert.equal(scribe.links.status().refusals, 3);
      assert.equal(scribe.count('log'), 1);
    });

    it('P39: a build that speaks another protocol is told why, also in the log of who refuses, and nothing of it is heard', async () => {
      const scribe = node('scribe', 'aa');
      const end = await dial(transport, await scribe.listen());
      end.link!.send(encodeHandshake({ ...hello(CLUSTER, WORKER), protocolMin: 1, protocolMax: 2 }));
      end.link!.send(encodeMessage(MESSAGES.vote));
      await end.untilClosed();
      const told = decodeHandshake(end.frames[0]!);
      const words = `you speak protocol 1 to 2, this side ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`;
      assert.deepEqual(told, { kind: 'refusal', code: 'WRONG_PROTOCOL', message: words });
      assert.ok(scribe.logged.some((line) => line.includes('WRONG_PROTOCOL') && line.includes(words)));
      assert.deepEqual([scribe.count('up'), scribe.count('message')], [0, 0]);
    });

    it('P39: who is refused for its protocol says so once in its log, and knocks again until the other is upgraded', async () => {
      const server = await Server.start(transport);
      const worker = node('worker', 'bb');
      worker.want(server.address);
      const words = 'you speak protocol 7 to 7, this side 1 to 2';
      for (let knock = 0; knock < 3; knock += 1) {
        const far = await server.next(knock);
        await far.frameCount(1);
        far.link!.send(encodeHandshake({ kind: 'refusal', code: 'WRONG_PROTOCOL', message: words }));
        await far.untilClosed();
      }
      assert.equal(worker.logged.filter((line) => line.includes(`refused: ${words}`)).length, 1);
      const upgraded = await server.next(3);
      await upgraded.frameCount(1);
      const identity: LinkIdentity = { role: 'scribe', id: 's', key: 'aa'.repeat(16), address: null };
      upgraded.link!.send(encodeHandshake(answerHello(hello(CLUSTER, WORKER), CLUSTER, identity)));
      await worker.untilCount('up', 1);
      await server.listener.close();
    });

    it('N08: a message before the handshake is refused', async () => {
      const scribe = node('scribe', 'aa');
      const end = await dial(transport, await scribe.listen());
      end.link!.send(encodeMessage(MESSAGES.vote));
      await end.untilClosed();
      assert.equal(scribe.count('message'), 0);
    });

    it('N04 N08: a peer that breaks the protocol loses its link and harms nobody else', async () => {
      const { scribe, worker } = await linked();
      const damaged = Buffer.from(encodeMessage(MESSAGES.append));
      damaged[damaged.length - 1]! ^= 1;
      const offences = [
        encodeMessage(MESSAGES.appendReply),
        encodeMessage(MESSAGES.leaderNotice),
        encodeRequest(REQUESTS.propose),
        encodeHandshake(hello(CLUSTER, WORKER)),
        damaged,
        Buffer.alloc(0),
      ];
      for (const [number, offence] of offences.entries()) {
        const end = await greeted(scribe.address, WORKER);
        await end.frameCount(1);
        end.link!.send(offence);
        await end.untilClosed();
        assert.equal(end.closes[0]!.code, 1002);
        assert.equal(scribe.links.status().violations, number + 1);
      }
      worker.links.send(scribe.key, MESSAGES.probe);
      await scribe.untilCount('message', 1);
      assert.equal(worker.count('down'), 0);
    });

    it('N08: clients are handed on, speak only the client protocol, and are refused where nobody serves them', async () => {
      const heard: Buffer[] = [];
      const served = node('worker', 'bb', {
        client: (_link, client) => {
          assert.deepEqual(client, CLIENT);
          return { message: (frame) => heard.push(Buffer.from(frame)), closed: () => undefined };
        },
      });
      const end = await greeted(await served.listen(), CLIENT, ANY_CLUSTER);
      await end.frameCount(1);
      end.link!.send(encodeMessage(MESSAGES.vote));
      end.link!.send(encodeRequest(REQUESTS.status));
      while (heard.length < 2) await nextTurns();
      assert.equal(served.count('message'), 0);
      assert.deepEqual(served.links.status().peers, []);
      const closed = node('worker', 'be');
      const refused = await greeted(await closed.listen(), CLIENT);
      await refused.untilClosed();
      assert.equal(refused.closes[0]!.code, 1008);
    });

    it('N12: clients cannot take the links that peers need', async () => {
      const scribe = node('scribe', 'aa', {
        client: () => ({ message: () => undefined, closed: () => undefined }),
      });
      const address = await scribe.listen();
      const clients: End[] = [];
      for (let wave = 0; wave < 14; wave += 1) {
        const ends = await Promise.all(Array.from({ length: 64 }, () => greeted(address, CLIENT)));
        await Promise.all(ends.map((end) => end.frameCount(1)));
        clients.push(...ends);
      }
      const tooMany = await greeted(address, CLIENT);
      await tooMany.untilClosed();
      assert.match(tooMany.closes[0]!.reason, /OVERLOADED/);
      assert.ok(clients.every(({ closes }) => closes.length === 0));
      const worker = node('worker', 'bb');
      worker.want(address);
      await scribe.untilCount('up', 1);
      for (const { link } of clients) link!.close(1000, '');
    });

    it('N11: whoever says nothing for five seconds is let go', async () => {
      const clock = new ManualClock();
      const scribe = node('scribe', 'aa', { clock });
      const end = await dial(transport, await scribe.listen());
      while (scribe.links.status().accepted === 0) await nextTurns();
      clock.advance(4999);
      assert.equal(scribe.links.status().accepted, 1);
      clock.advance(1);
      await end.untilClosed();
      assert.equal(end.closes[0]!.code, 1008);
      assert.match(end.closes[0]!.reason, /HANDSHAKE_FAILED/);
    });

    it('N13: a silent peer is asked, and let go when it does not answer', async () => {
      const clock = new ManualClock();
      const server = await Server.start(transport);
      const worker = node('worker', 'bb', { clock });
      worker.want(server.address);
      const far = await server.next();
      await far.frameCount(1);
      const identity: LinkIdentity = { role: 'scribe', id: 's', key: 'aa'.repeat(16), address: null };
      far.link!.send(encodeHandshake({ kind: 'welcome', protocol: PROTOCOL_MAX, clusterId: CLUSTER, identity }));
      await worker.untilCount('up', 1);
      clock.advance(1000);
      await far.frameCount(2);
      assert.deepEqual(far.frames[1], PING);
      far.link!.send(PONG);
      far.link!.send(encodeMessage(MESSAGES.voteReply));
      await worker.untilCount('message', 1);
      clock.advance(3500);
      assert.equal(worker.count('down'), 0);
      clock.advance(500);
      assert.equal(worker.count('down'), 1);
      await server.listener.close();
    });

    it('N13: a peer that is asked answers', async () => {
      const scribe = node('scribe', 'aa');
      await scribe.listen();
      const end = await greeted(scribe.address, WORKER);
      await end.frameCount(1);
      end.link!.send(PING);
      await end.frameCount(2);
      assert.deepEqual(end.frames[1], PONG);
      assert.equal(scribe.count('message'), 0);
    });

    it('N07: listens on loopback only, and says so', async () => {
      const scribe = node('scribe', 'aa');
      for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.example.com']) {
        await assert.rejects(scribe.links.listen({ host, port: 0 }), { code: 'BAD_OPTION', message: /loopback/ });
      }
    });

    it('once closed, no handler is called any more and no address is dialled', async () => {
      const { scribe, worker } = await linked();
      const before = worker.events.length;
      await worker.links.close();
      await worker.links.close();
      await scribe.untilCount('down', 1);
      worker.want(scribe.address);
      assert.equal(worker.links.send(scribe.key, MESSAGES.probe), false);
      assert.equal(worker.events.length, before);
    });
  });
}

/** Lets sockets and their callbacks have a turn. */
const nextTurns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
