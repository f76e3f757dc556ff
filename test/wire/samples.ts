/** One fixed value of every frame: the golden vectors are their bytes. Never change a value here; add one. */
import type { MembershipChange } from '../../src/core/membership.ts';
import type { Message, ProbeReply } from '../../src/core/messages.ts';
import { encodeBatch, encodeConfigurationBatch, encodeNoopBatch } from '../../src/wire/batch.ts';
import {
  type ClientReply,
  type ClientRequest,
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
} from '../../src/wire/client-protocol.ts';
import { EntryWriter } from '../../src/wire/entries.ts';
import { decodeHandshake, encodeHandshake, type Hello, type Refusal, type Welcome } from '../../src/wire/handshake.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { encodeResults } from '../../src/wire/results.ts';

const CLUSTER = '00112233445566778899aabbccddeeff';
const UUIDS = ['a1', 'b2', 'c3'].map((pair) => pair.repeat(16));
const INCARNATION = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const configuration = {
  scribes: UUIDS.map((storageUuid, place) => ({
    scribeId: `scribe-${place + 1}`,
    storageUuid,
    address: `127.0.0.1:${7101 + place}`,
  })),
};
const newcomer = { scribeId: 'scribe-3', storageUuid: 'd4'.repeat(16), address: '127.0.0.1:7104' };
const quorums = { commit: 1, vote: 3 };
const changed = [...configuration.scribes.slice(0, 2), newcomer];
const leader = { workerId: 'worker-1', incarnation: INCARNATION, address: '[::1]:7201' };

function entries(...texts: string[]): { count: number; section: Uint8Array } {
  const writer = new EntryWriter();
  for (const text of texts) writer.append(Buffer.from(text));
  return writer.take();
}

const place = (term: number, firstIndex: number) => ({ term, firstIndex, timestampMillis: 1_700_000_000_123 });
const commands = entries('SET a 1', '', 'INCR a');

/** One batch of each kind. */
export const BATCHES = {
  noop: encodeNoopBatch(place(7, 41)),
  command: encodeBatch({ ...place(7, 42), kind: 'command', count: commands.count, body: commands.section }),
  configuration: encodeConfigurationBatch(place(8, 45), configuration),
  'configuration-target': encodeConfigurationBatch(place(9, 46), { ...configuration, target: { scribes: changed } }),
  'configuration-joint': encodeConfigurationBatch(place(9, 47), { scribes: changed, outgoing: configuration }),
  'configuration-quorums': encodeConfigurationBatch(place(9, 48), { ...configuration, quorums }),
  'configuration-quorums-joint': encodeConfigurationBatch(place(9, 49), {
    scribes: changed,
    outgoing: { ...configuration, quorums },
  }),
  'configuration-quorums-target': encodeConfigurationBatch(place(9, 50), {
    ...configuration,
    target: { scribes: changed, quorums },
  }),
};

const probeReply: ProbeReply = {
  kind: 'probeReply',
  round: 3,
  term: 8,
  tail: { index: 45, term: 8 },
  logStart: { index: 0, term: 0 },
  commit: { index: 41, term: 7 },
  configuration: { id: { index: 1, term: 1 }, configuration },
  leader: { identity: leader, term: 7, silentMillis: 120 },
  leaderLive: true,
  storage: 'ok',
};

export const MESSAGES: { readonly [K in Message['kind']]: Extract<Message, { kind: K }> } = {
  probe: { kind: 'probe', round: 3 },
  probeReply,
  vote: { kind: 'vote', term: 9, incarnation: INCARNATION, tail: { index: 45, term: 8 } },
  transferVote: { kind: 'transferVote', askedIn: 8, term: 9, incarnation: INCARNATION, tail: { index: 45, term: 8 } },
  takeOver: { kind: 'takeOver', term: 8, incarnation: INCARNATION, tail: { index: 45, term: 8 } },
  voteReply: { kind: 'voteReply', requestTerm: 9, term: 9, reason: 'granted', tail: { index: 45, term: 8 } },
  append: {
    kind: 'append',
    leaseMillis: 0,
    term: 8,
    incarnation: INCARNATION,
    prev: { index: 40, term: 6 },
    batches: [BATCHES.noop, BATCHES.command, BATCHES.configuration],
    commit: 40,
    round: 2 ** 33,
    echo: true,
  },
  appendReply: {
    kind: 'appendReply',
    leaseMillis: 0,
    term: 8,
    incarnation: INCARNATION,
    durable: { index: 44, term: 7 },
    conflict: { index: 12, term: 3 },
    round: 17,
    writeMicros: 85,
    fsyncMicros: 412,
  },
  read: { kind: 'read', request: 5, prev: { index: 40, term: 6 }, asOf: { index: 45, term: 8 }, maxBytes: 1_048_576 },
  readReply: {
    kind: 'readReply',
    request: 5,
    outcome: 'entries',
    batches: [BATCHES.noop, BATCHES.command],
    hint: { index: 0, term: 0 },
    commit: { index: 41, term: 7 },
  },
  fetch: {
    kind: 'fetch',
    term: 8,
    incarnation: INCARNATION,
    source: 'b2'.repeat(16),
    upTo: { index: 44, term: 7 },
  },
  configurationNotice: {
    kind: 'configurationNotice',
    term: 9,
    configuration: { id: { index: 47, term: 9 }, configuration: { scribes: changed, outgoing: configuration } },
    committed: true,
  },
  follow: { kind: 'follow', tail: { index: 12, term: 3 } },
  leaderNotice: { kind: 'leaderNotice', term: 8, leader },
  leaderGone: { kind: 'leaderGone', turn: 1, answer: probeReply },
  indexRequest: { kind: 'indexRequest', request: 99 },
  indexReply: { kind: 'indexReply', request: 99, index: 2 ** 53 - 1 },
};

export const REQUESTS: { readonly [K in ClientRequest['kind']]: Extract<ClientRequest, { kind: K }> } = {
  propose: { kind: 'propose', request: 1, deadlineMillis: 5000, ...entries('SET a 1', 'SET b 2') },
  query: { kind: 'query', request: 2, deadlineMillis: 250, query: Buffer.from('GET a') },
  status: { kind: 'status', request: 3 },
  changeMembers: {
    kind: 'changeMembers',
    request: 4,
    change: { kind: 'replace', scribeId: 'scribe-3', member: newcomer },
  },
};

/** More of one request: every kind of change of the members, but for the one above. */
const CHANGES: Readonly<Record<string, MembershipChange>> = {
  'changeMembers-add': { kind: 'add', member: newcomer },
  'changeMembers-add-quorums': { kind: 'add', member: newcomer, quorums: { commit: 2, vote: 3 } },
  'changeMembers-remove': { kind: 'remove', scribeId: 'scribe-3', quorums: 'majority' },
  'changeMembers-quorums': { kind: 'quorums', quorums },
};

export const REPLIES: { readonly [K in ClientReply['kind']]: Extract<ClientReply, { kind: K }> } = {
  proposed: {
    kind: 'proposed',
    request: 1,
    firstIndex: 42,
    count: 2,
    results: encodeResults([
      { failed: false, bytes: Buffer.from('OK') },
      { failed: true, bytes: Buffer.from('no such key') },
    ]),
  },
  queryReply: { kind: 'queryReply', request: 2, result: Buffer.from('1') },
  failure: {
    kind: 'failure',
    request: 2,
    code: 'NOT_LEADER',
    outcome: 'not-executed',
    message: 'worker-1 leads – ask there',
    leader: '127.0.0.1:7201',
  },
  membersChanged: { kind: 'membersChanged', request: 4 },
  statusReply: { kind: 'statusReply', request: 3, status: { role: 'leader', term: 8 } },
};

export const HANDSHAKES: { readonly hello: Hello; readonly welcome: Welcome; readonly refusal: Refusal } = {
  hello: {
    kind: 'hello',
    protocolMin: 1,
    protocolMax: 1,
    clusterId: CLUSTER,
    identity: { role: 'worker', id: 'worker-1', key: INCARNATION, address: '127.0.0.1:7201' },
  },
  welcome: {
    kind: 'welcome',
    protocol: 1,
    clusterId: CLUSTER,
    identity: { role: 'scribe', id: 'scribe-1', key: 'a1'.repeat(16), address: null },
  },
  refusal: { kind: 'refusal', code: 'WRONG_CLUSTER', message: 'you belong elsewhere' },
};

export interface Sample {
  readonly name: string;
  readonly value: unknown;
  readonly frame: Uint8Array;
  decode(frame: Uint8Array): unknown;
}

const sample = <T extends { readonly kind: string }>(
  value: T,
  encode: (value: T) => Uint8Array,
  decode: (frame: Uint8Array) => unknown,
  name = value.kind,
): Sample => ({ name, value, frame: encode(value), decode });

/** Every frame of the wire format, with the decoder that reads it. */
export const SAMPLES: readonly Sample[] = [
  ...Object.values(HANDSHAKES).map((value) =>
    sample<Hello | Welcome | Refusal>(value, encodeHandshake, decodeHandshake),
  ),
  ...Object.values(MESSAGES).map((value) => sample<Message>(value, encodeMessage, decodeMessage)),
  ...Object.values(REQUESTS).map((value) => sample<ClientRequest>(value, encodeRequest, decodeRequest)),
  ...Object.entries(CHANGES).map(([name, change]) =>
    sample<ClientRequest>({ kind: 'changeMembers', request: 4, change }, encodeRequest, decodeRequest, name),
  ),
  ...Object.values(REPLIES).map((value) => sample<ClientReply>(value, encodeReply, decodeReply)),
];
