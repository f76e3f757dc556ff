/** Generators of everything that crosses a link: any value an honest peer could send, limits included. */
import fc from 'fast-check';
import type { MembershipChange, QuorumChoice } from '../../src/core/membership.ts';
import type { Message, ProbeReply } from '../../src/core/messages.ts';
import { majority } from '../../src/core/quorum.ts';
import type { Batch, Configuration, EntryId, Quorums, Voters, WorkerIdentity } from '../../src/core/types.ts';
import { ERRORS, type ErrorCode } from '../../src/errors.ts';
import { encodeBatch, encodeConfigurationBatch, encodeNoopBatch } from '../../src/wire/batch.ts';
import type { ClientReply, ClientRequest } from '../../src/wire/client-protocol.ts';
import { EntryWriter } from '../../src/wire/entries.ts';
import type { Hello, LinkIdentity, Refusal, Welcome } from '../../src/wire/handshake.ts';
import { encodeResults } from '../../src/wire/results.ts';

/** Plain objects, as decoders make them. */
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

export const integer = fc.oneof(
  fc.nat(100),
  fc.maxSafeNat(),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
);
const positive = integer.map((value) => Math.max(1, value));
const u32 = fc.oneof(fc.nat(100), fc.nat({ max: 2 ** 31 - 1 }), fc.constant(2 ** 32 - 1));
export const hex128 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const ID_CHARACTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-'];
export const id = fc.string({ unit: fc.constantFrom(...ID_CHARACTERS), minLength: 1, maxLength: 64 });
export const address = fc
  .tuple(fc.oneof(fc.constantFrom('127.0.0.1', 'localhost', '[::1]'), id), fc.nat(65535))
  .map(([host, port]) => `${host}:${port}`);

export const entryId: fc.Arbitrary<EntryId> = fc.oneof(
  fc.constant({ index: 0, term: 0 }),
  record({ index: positive, term: positive }),
);
const optionalEntryId = fc.option(entryId, { nil: null });
const workerIdentity: fc.Arbitrary<WorkerIdentity> = record({ workerId: id, incarnation: hex128, address });
export const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 3000 }));

const scribe = record({ scribeId: id, storageUuid: hex128, address });
const scribeSet = fc.uniqueArray(scribe, {
  minLength: 1,
  maxLength: 15,
  comparator: (left, right) => left.scribeId === right.scribeId || left.storageUuid === right.storageUuid,
});

/** Any numbers that are safe for so many scribes. */
const quorumsFor = (size: number): fc.Arbitrary<Quorums> =>
  fc
    .integer({ min: majority(size), max: size })
    .chain((vote) => record({ commit: fc.integer({ min: size + 1 - vote, max: vote }), vote: fc.constant(vote) }));

const voters: fc.Arbitrary<Voters> = scribeSet.chain((scribes) =>
  fc.oneof(
    fc.constant({ scribes }),
    quorumsFor(scribes.length).map((quorums) => ({ scribes, quorums })),
  ),
);

export const configuration: fc.Arbitrary<Configuration> = fc.oneof(
  voters,
  fc.tuple(voters, voters).map(([now, outgoing]) => ({ ...now, outgoing })),
  fc.tuple(voters, voters).map(([now, target]) => ({ ...now, target })),
);

export const section = fc.array(bytes, { minLength: 1, maxLength: 6 }).map((entries) => {
  const writer = new EntryWriter();
  for (const entry of entries) writer.append(entry);
  return writer.take();
});

/** What one batch holds, apart from where it stands. */
const content = fc.oneof(
  { weight: 4, arbitrary: section.map((body) => ({ kind: 'command', body }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'noop' } as const) },
  { weight: 1, arbitrary: configuration.map((value) => ({ kind: 'configuration', value }) as const) },
);
type Content = typeof content extends fc.Arbitrary<infer T> ? T : never;

function build(what: Content, term: number, firstIndex: number, timestampMillis: number): Batch {
  const place = { term, firstIndex, timestampMillis };
  if (what.kind === 'noop') return encodeNoopBatch(place);
  if (what.kind === 'configuration') return encodeConfigurationBatch(place, what.value);
  return encodeBatch({ ...place, kind: 'command', count: what.body.count, body: what.body.section });
}

/** Batches that follow `prev` in a log, with terms that rise now and then. */
function batchesAfter(prev: EntryId, contents: readonly (readonly [Content, boolean, number])[]): Batch[] {
  let { index, term } = prev;
  return contents.map(([what, rises, timestampMillis]) => {
    if (rises || term === 0) term += 1;
    const batch = build(what, term, index + 1, timestampMillis);
    index += batch.count;
    return batch;
  });
}

const contents = fc.array(fc.tuple(content, fc.boolean(), integer), { maxLength: 4 });
const place = fc.oneof(
  fc.constant({ index: 0, term: 0 }),
  record({ index: fc.integer({ min: 1, max: 2 ** 52 }), term: fc.integer({ min: 1, max: 2 ** 52 }) }),
);
/** A place in a log and what follows it. */
const run = fc.tuple(place, contents).map(([prev, what]) => ({ prev, batches: batchesAfter(prev, what) }));

export const batch: fc.Arbitrary<Batch> = fc
  .tuple(content, fc.integer({ min: 1, max: 2 ** 52 }), fc.integer({ min: 1, max: 2 ** 52 }), integer)
  .map(([what, term, firstIndex, timestampMillis]) => build(what, term, firstIndex, timestampMillis));

const heard = fc.option(record({ identity: workerIdentity, term: positive, silentMillis: integer }), { nil: null });
const maybeEmptyConfiguration = fc.oneof(configuration, fc.constant({ scribes: [] }));

const probeReply: fc.Arbitrary<ProbeReply> = record({
  kind: fc.constant('probeReply'),
  round: integer,
  term: integer,
  tail: entryId,
  logStart: entryId,
  commit: entryId,
  configuration: record({ id: entryId, configuration: maybeEmptyConfiguration }),
  leader: heard,
  leaderLive: fc.boolean(),
  storage: fc.constantFrom('ok', 'not-member', 'repairing'),
});

/** One generator per kind; a kind without one does not compile. */
export const messages: { readonly [K in Message['kind']]: fc.Arbitrary<Extract<Message, { kind: K }>> } = {
  probe: record({ kind: fc.constant('probe'), round: integer }),
  probeReply,
  vote: record({ term: positive, incarnation: hex128, tail: entryId })
    .filter(({ term, tail }) => tail.term < term)
    .map((fields) => ({ kind: 'vote', ...fields })),
  transferVote: record({ term: positive, incarnation: hex128, tail: entryId, askedIn: positive })
    .filter(({ term, tail }) => tail.term < term)
    .map((fields) => ({ kind: 'transferVote', ...fields })),
  takeOver: record({ kind: fc.constant('takeOver'), term: positive, incarnation: hex128, tail: entryId }),
  voteReply: record({
    kind: fc.constant('voteReply'),
    requestTerm: positive,
    term: integer,
    reason: fc.constantFrom('granted', 'stale-term', 'already-voted', 'log-behind', 'leader-live', 'storage'),
    tail: entryId,
  }),
  append: fc
    .tuple(run, fc.nat(5), hex128, integer, integer, fc.boolean(), fc.nat())
    .map(([{ prev, batches }, ahead, incarnation, commit, round, echo, leaseMillis]) => {
      const term = Math.max(1, prev.term, batches.at(-1)?.term ?? 0) + ahead;
      return { kind: 'append', term, incarnation, prev, batches, commit, round, echo, leaseMillis };
    }),
  appendReply: record({
    kind: fc.constant('appendReply'),
    term: positive,
    incarnation: hex128,
    durable: entryId,
    conflict: optionalEntryId,
    round: integer,
    leaseMillis: fc.nat(),
    writeMicros: integer,
    fsyncMicros: integer,
  }),
  read: record({
    kind: fc.constant('read'),
    request: integer,
    prev: entryId,
    asOf: optionalEntryId,
    maxBytes: u32,
  }),
  readReply: fc.oneof(
    fc.tuple(run, integer, entryId, entryId).map(([{ batches }, request, hint, commit]) => {
      return { kind: 'readReply', request, outcome: 'entries', batches, hint, commit } as const;
    }),
    record({
      kind: fc.constant('readReply'),
      request: integer,
      outcome: fc.constantFrom('conflict', 'gone', 'unable', 'unknown'),
      batches: fc.constant([]),
      hint: entryId,
      commit: entryId,
    }),
  ),
  fetch: record({
    kind: fc.constant('fetch'),
    term: positive,
    incarnation: hex128,
    source: hex128,
    upTo: entryId,
  }),
  configurationNotice: record({
    kind: fc.constant('configurationNotice'),
    term: positive,
    configuration: record({ id: entryId, configuration }),
    committed: fc.boolean(),
  }),
  follow: record({ kind: fc.constant('follow'), tail: entryId }),
  leaderNotice: record({
    kind: fc.constant('leaderNotice'),
    term: integer,
    leader: fc.option(workerIdentity, { nil: null }),
  }),
  leaderGone: record({ kind: fc.constant('leaderGone'), turn: u32, answer: probeReply }),
  indexRequest: record({ kind: fc.constant('indexRequest'), request: integer }),
  indexReply: record({
    kind: fc.constant('indexReply'),
    request: integer,
    index: fc.option(integer, { nil: null }),
  }),
};

export const message: fc.Arbitrary<Message> = fc.oneof(...(Object.values(messages) as fc.Arbitrary<Message>[]));

/** Words for people: UTF-8 that survives, without control characters. */
const prose = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text));
const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));

const quorumChoice: fc.Arbitrary<QuorumChoice> = fc.oneof(
  fc.constant('majority' as const),
  record({ commit: fc.nat(255), vote: fc.nat(255) }),
);
const maybeQuorums = fc.option(quorumChoice, { nil: null }).map((quorums) => (quorums === null ? {} : { quorums }));
const change: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.tuple(scribe, maybeQuorums).map(([member, said]): MembershipChange => ({ kind: 'add', member, ...said })),
  fc.tuple(id, maybeQuorums).map(([scribeId, said]): MembershipChange => ({ kind: 'remove', scribeId, ...said })),
  record({ kind: fc.constant('replace' as const), scribeId: id, member: scribe }),
  record({ kind: fc.constant('quorums' as const), quorums: quorumChoice }),
);

export const clientRequest: fc.Arbitrary<ClientRequest> = fc.oneof(
  fc.tuple(integer, u32, section).map(([request, deadlineMillis, body]): ClientRequest => {
    return { kind: 'propose', request, deadlineMillis, ...body };
  }),
  record({ kind: fc.constant('query' as const), request: integer, deadlineMillis: u32, query: bytes }),
  record({ kind: fc.constant('status' as const), request: integer }),
  record({ kind: fc.constant('changeMembers' as const), request: integer, change }),
);

const results = fc.array(record({ failed: fc.boolean(), bytes }), { minLength: 1, maxLength: 5 });

export const clientReply: fc.Arbitrary<ClientReply> = fc.oneof(
  fc.tuple(integer, integer, results).map(([request, firstIndex, list]): ClientReply => {
    return { kind: 'proposed', request, firstIndex, count: list.length, results: encodeResults(list) };
  }),
  record({ kind: fc.constant('queryReply' as const), request: integer, result: bytes }),
  record({
    kind: fc.constant('failure' as const),
    request: integer,
    code,
    outcome: fc.constantFrom('not-executed', 'executed', 'unknown'),
    message: prose,
    leader: fc.option(address, { nil: null }),
  }),
  record({
    kind: fc.constant('statusReply' as const),
    request: integer,
    status: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  }),
);

export const linkIdentity: fc.Arbitrary<LinkIdentity> = record({
  role: fc.constantFrom('scribe', 'worker', 'client'),
  id,
  key: hex128,
  address: fc.option(address, { nil: null }),
});

export const handshake: fc.Arbitrary<Hello | Welcome | Refusal> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffff }), hex128, linkIdentity)
    .map(([left, right, clusterId, identity]): Hello => {
      return {
        kind: 'hello',
        protocolMin: Math.min(left, right),
        protocolMax: Math.max(left, right),
        clusterId,
        identity,
      };
    }),
  record({
    kind: fc.constant('welcome' as const),
    protocol: fc.integer({ min: 1, max: 0xffff }),
    clusterId: hex128,
    identity: linkIdentity,
  }),
  record({ kind: fc.constant('refusal' as const), code, message: prose }),
);
