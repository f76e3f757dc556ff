/** The handshake as a table: who gets in, who does not, and what each side is told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ANY_CLUSTER,
  acceptAnswer,
  answerHello,
  commonProtocol,
  decodeHandshake,
  encodeHandshake,
  type Hello,
  hello,
  type LinkIdentity,
  PROTOCOL_MAX,
  PROTOCOL_MIN,
  type Welcome,
} from '../../src/wire/handshake.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { handshake } from './arbitraries.ts';
import { forge } from './frames.ts';
import { HANDSHAKES, MESSAGES } from './samples.ts';

const CLUSTER = 'aa'.repeat(16);
const OTHER = 'bb'.repeat(16);
const acceptor: LinkIdentity = { role: 'scribe', id: 's1', key: '11'.repeat(16), address: '127.0.0.1:1' };
const worker: LinkIdentity = { role: 'worker', id: 'w1', key: '22'.repeat(16), address: '127.0.0.1:2' };
const client: LinkIdentity = { role: 'client', id: 'c1', key: '33'.repeat(16), address: null };

type Row = [title: string, sent: Hello, outcome: 'welcome' | 'WRONG_CLUSTER' | 'WRONG_PROTOCOL' | 'HANDSHAKE_FAILED'];
const future = { protocolMin: PROTOCOL_MAX + 1, protocolMax: PROTOCOL_MAX + 5 };
const past = { protocolMin: 1, protocolMax: PROTOCOL_MIN - 1 };

const ROWS: Row[] = [
  ['a worker of this cluster', hello(CLUSTER, worker), 'welcome'],
  ['a client of this cluster', hello(CLUSTER, client), 'welcome'],
  ['a client that takes any cluster', hello(ANY_CLUSTER, client), 'welcome'],
  ['P39: a newer build that still speaks this protocol', { ...hello(CLUSTER, worker), protocolMax: 99 }, 'welcome'],
  ['N06: a worker of another cluster', hello(OTHER, worker), 'WRONG_CLUSTER'],
  ['N06: a client of another cluster', hello(OTHER, client), 'WRONG_CLUSTER'],
  ['N06: a worker that would take any cluster', hello(ANY_CLUSTER, worker), 'WRONG_CLUSTER'],
  ['N03 P39: a build that speaks only newer protocols', { ...hello(CLUSTER, worker), ...future }, 'WRONG_PROTOCOL'],
  ['P39: a build that speaks only older protocols', { ...hello(CLUSTER, worker), ...past }, 'WRONG_PROTOCOL'],
  ['N07: itself', hello(CLUSTER, { ...worker, key: acceptor.key }), 'HANDSHAKE_FAILED'],
];

describe('handshake', () => {
  for (const [title, sent, outcome] of ROWS) {
    it(`${title}: ${outcome}, and both sides know`, () => {
      const answer = answerHello(sent, CLUSTER, acceptor);
      const heard = decodeHandshake(encodeHandshake(answer));
      if (outcome === 'welcome') {
        const expected: Welcome = { kind: 'welcome', protocol: PROTOCOL_MAX, clusterId: CLUSTER, identity: acceptor };
        assert.deepEqual(heard, expected);
        assert.deepEqual(acceptAnswer(sent, heard), expected);
      } else {
        assert.equal(heard.kind === 'refusal' && heard.code, outcome);
        assert.throws(() => acceptAnswer(sent, heard), { code: outcome });
      }
    });
  }

  it('P39: two builds speak the last protocol that both know, and nothing where there is none, whoever dials', () => {
    const windows = [1, 2, 3, 4].flatMap((protocolMin) =>
      [1, 2, 3, 4].flatMap((protocolMax) => (protocolMin <= protocolMax ? [{ protocolMin, protocolMax }] : [])),
    );
    for (const left of windows)
      for (const right of windows) {
        const speaks = (protocol: number): boolean =>
          [left, right].every((side) => side.protocolMin <= protocol && protocol <= side.protocolMax);
        const expected = [4, 3, 2, 1].find(speaks) ?? null;
        assert.equal(commonProtocol(left, right), expected, JSON.stringify({ left, right }));
      }
  });

  it('P39: the refusal names the windows of both builds', () => {
    const answer = answerHello({ ...hello(CLUSTER, worker), ...future }, CLUSTER, acceptor);
    const theirs = `${future.protocolMin} to ${future.protocolMax}`;
    const words = `you speak protocol ${theirs}, this side ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`;
    assert.ok(answer.kind === 'refusal' && answer.message === words);
  });

  it('N06: the refusal names both clusters', () => {
    const answer = answerHello(hello(OTHER, worker), CLUSTER, acceptor);
    assert.ok(answer.kind === 'refusal' && answer.message.includes(CLUSTER) && answer.message.includes(OTHER));
  });

  it('N06: the dialling side checks the answer itself', () => {
    const sent = hello(CLUSTER, worker);
    const welcome: Welcome = { kind: 'welcome', protocol: PROTOCOL_MIN, clusterId: CLUSTER, identity: acceptor };
    assert.throws(() => acceptAnswer(sent, { ...welcome, clusterId: OTHER }), { code: 'WRONG_CLUSTER' });
    assert.throws(() => acceptAnswer(sent, { ...welcome, protocol: PROTOCOL_MAX + 1 }), { code: 'WRONG_PROTOCOL' });
    assert.throws(() => acceptAnswer(sent, { ...welcome, identity: worker }), { code: 'HANDSHAKE_FAILED' });
    assert.throws(() => acceptAnswer(sent, sent), { code: 'BAD_FRAME' });
    assert.equal(acceptAnswer(hello(ANY_CLUSTER, client), { ...welcome, clusterId: OTHER }).clusterId, OTHER);
  });

  it('every frame of it comes back as it was sent', () => {
    fc.assert(
      fc.property(handshake, (sent) => {
        assert.deepEqual(decodeHandshake(encodeHandshake(sent)), sent);
      }),
      { numRuns: 500 },
    );
  });

  it('N03: refuses another magic, empty protocol ranges and frames of another kind', () => {
    const frame = encodeHandshake(HANDSHAKES.hello);
    const changes: ((bytes: Buffer) => void)[] = [
      (bytes) => bytes.writeUInt32LE(0, 24),
      (bytes) => bytes.writeUInt16LE(0, 28),
      (bytes) => bytes.writeUInt16LE(2, 28),
      (bytes) => bytes.writeUInt8(3, 48),
    ];
    for (const change of changes) assert.throws(() => decodeHandshake(forge(frame, change)), { code: 'BAD_FRAME' });
    const open = forge(encodeHandshake(HANDSHAKES.welcome), (bytes) => bytes.writeUInt16LE(2, 30));
    assert.throws(() => decodeHandshake(open), { code: 'BAD_FRAME' });
    assert.throws(() => decodeHandshake(encodeMessage(MESSAGES.vote)), { code: 'BAD_FRAME' });
  });
});
