/**
 * A client outside the workers' processes: finds the leader, sends it proposals and reads, and follows when leadership
 * moves. Calls of one turn travel in one frame. What was refused without effect is tried again until the deadline; what
 * was sent and not answered is never sent again: its outcome is unknown, and only a session could make a retry safe.
 */
import type { MembershipChange } from '../core/membership.ts';
import { type ErrorCode, ScriptoriumError } from '../errors.ts';
import { randomHex } from '../runtime/random.ts';
import { selectTransport, type TransportChoice } from '../transport/select.ts';
import type { Transport } from '../transport/transport.ts';
import { type ClientRequest, encodeRequest } from '../wire/client-protocol.ts';
import { EntryWriter } from '../wire/entries.ts';
import { ANY_CLUSTER } from '../wire/handshake.ts';
import { splitResults } from '../wire/results.ts';
import { Backoff, type Call, Calls } from './calls.ts';
import { checkChange, checkCommands, checkQuery } from './commands.ts';
import type { Answer, Connection } from './connection.ts';
import { LeaderFinder } from './leader-finder.ts';
import type { Applied, CallOptions, LogService } from './log-service.ts';
import { checkClusterId, checkContacts } from './names.ts';
import { asApplied, asBatchResult } from './results.ts';
import type { WorkerStatus } from './status.ts';

export interface ClientOptions {
  /** First contacts, `host:port`, 1 or more; the leader is found from any of them. */
  readonly workers: readonly string[];
  /** Refuse workers of any other cluster; 32 hex digits, default any. */
  readonly clusterId?: string;
  /** Default `auto`. A client only dials, and dialling is always `ws`. */
  readonly transport?: TransportChoice;
}

/** What committed and applied commands are answered with. */
export interface Proposed {
  readonly firstIndex: number;
  /** Results section of all its commands. */
  readonly results: Uint8Array;
}

/** One call that goes into a frame; kept whole until it is settled, to be sent again if it was refused. */
interface Outgoing {
  readonly call: Call<Proposed>;
  readonly commands: readonly Uint8Array[];
  readonly count: number;
  /** Of its commands as an entry section. */
  readonly bytes: number;
  /** It was refused, or its answer is lost; `pauseMillis`: when to try again, if at all. */
  failed(error: unknown, pauseMillis: number): void;
}

/** A frame of proposals is closed at this size. */
const MAX_FRAME_FILL_BYTES = 256 * 1024;
/** Another worker may know, or reach, more. */
const ASKS_WRONG_ONE: ReadonlySet<ErrorCode> = new Set(['NOT_LEADER', 'NO_LEADER', 'NO_QUORUM', 'HALTED']);
const CHANGE_DEADLINE_MILLIS = 60_000;

export class Client implements LogService {
  readonly #calls = new Calls();
  readonly #finder: LeaderFinder;
  readonly #backoff = new Backoff();
  #gathering: Outgoing[] = [];
  #closed = false;

  private constructor(options: ClientOptions, transport: Transport) {
    this.#finder = new LeaderFinder(options.workers, {
      transport,
      clusterId: options.clusterId ?? ANY_CLUSTER,
      identity: { role: 'client', id: 'client', key: randomHex(16), address: null },
    });
  }

  /** Resolves without waiting for a leader; BAD_OPTION when no address is given, or one, or the cluster id, is malformed. */
  static async connect(options: ClientOptions): Promise<Client> {
    checkContacts('workers', options.workers);
    if (options.clusterId !== undefined) checkClusterId(options.clusterId);
    return new Client(options, await selectTransport(options.transport ?? 'auto'));
  }

  async propose(command: Uint8Array, options: CallOptions = {}): Promise<Applied> {
    const { firstIndex, results } = await this.#propose([command], options);
    return asApplied(firstIndex, results);
  }

  async proposeBatch(commands: readonly Uint8Array[], options: CallOptions = {}) {
    const { firstIndex, results } = await this.#propose(commands, options);
    return asBatchResult(firstIndex, results, commands.length);
  }

  async read(query: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    checkQuery(query);
    const answer = await this.#ask(options, 'at-will', (request, deadlineMillis) => ({
      kind: 'query',
      request,
      deadlineMillis,
      query,
    }));
    if (answer.kind !== 'queryReply') throw mismatch('a query', answer);
    return answer.result;
  }

  /** Status of the worker at the other end, whichever it is. */
  async status(options: CallOptions = {}): Promise<WorkerStatus> {
    const answer = await this.#ask(options, 'at-will', (request) => ({ kind: 'status', request }));
    if (answer.kind !== 'statusReply') throw mismatch('a status request', answer);
    return answer.status as WorkerStatus;
  }

  /**
   * Change the scribes by joint consensus, one change at a time: add a newcomer, remove one, or let the disk of one make way for
   * another; or change the quorums, which `add` and `remove` must say anew where numbers are in force. A newcomer must be running,
   * blank, and reachable at its address: it is sent the log first, and votes only when it keeps up. Resolves when the change is
   * committed and over; asking for what is done already changes nothing.
   *
   * Rejects BAD_OPTION (it is no change), CHANGE_REFUSED (nothing was done; the message says why), and with outcome unknown (DEADLINE_EXCEEDED,
   * LEADERSHIP_LOST, CONNECTION_LOST) when nobody was left to tell: a change once begun is gone on with by every later leader,
   * so look at the members, or ask for the same again. The default deadline is 60 s here: a long log takes its time.
   */
  async changeMembers(change: MembershipChange, options: CallOptions = {}): Promise<void> {
    checkChange(change);
    const patient = { deadlineMillis: CHANGE_DEADLINE_MILLIS, ...options };
    const answer = await this.#ask(patient, 'once', (request) => ({ kind: 'changeMembers', request, change }));
    if (answer.kind !== 'membersChanged') throw mismatch('a change of the members', answer);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#calls.rejectAll('the client was closed');
    await this.#finder.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Propose for a call that is somebody else's, once: `failed` is told why it was not done, and may know better where to go. Only
   * what has left is marked as sent.
   */
  passOn(call: Call<Proposed>, commands: readonly Uint8Array[], bytes: number, failed: (error: unknown) => void): void {
    this.#gather({ call, commands, count: commands.length, bytes, failed });
  }

  /** Not asked any more: what has left is answered yet, the rest is refused. */
  closeWhenIdle(): void {
    this.#closed = true;
    this.#finder.closeWhenIdle();
  }

  async #propose(commands: readonly Uint8Array[], options: CallOptions): Promise<Proposed> {
    this.#checkOpen();
    const bytes = checkCommands(commands);
    return await this.#calls.start<Proposed>(options, (call) => {
      const gather = (): void => this.#gather({ call, commands, count: commands.length, bytes, failed });
      const failed = (error: unknown, pauseMillis: number): void => call.retry(error, pauseMillis, gather);
      gather();
    });
  }

  /** Join the frames that leave when this turn is over. */
  #gather(outgoing: Outgoing): void {
    this.#gathering.push(outgoing);
    if (this.#gathering.length === 1) process.nextTick(() => this.#depart());
  }

  #depart(): void {
    const waiting = this.#gathering.filter(({ call }) => !call.settled);
    this.#gathering = [];
    for (let start = 0; start < waiting.length; ) {
      let { bytes } = waiting[start] as Outgoing;
      let end = start + 1;
      for (; end < waiting.length; end++) {
        bytes += (waiting[end] as Outgoing).bytes;
        if (bytes > MAX_FRAME_FILL_BYTES) break;
      }
      void this.#send(waiting.slice(start, end));
      start = end;
    }
  }

  async #send(gathered: readonly Outgoing[]): Promise<void> {
    try {
      const connection = await this.#finder.connection();
      // Who gave up while the connection was being made was told "not executed": that must stay true.
      const frame = gathered.filter(({ call }) => !call.settled);
      if (frame.length === 0) return;
      const answer = await this.#exchange(connection, proposalOf(frame), frame);
      settle(frame, answer);
    } catch (error) {
      const pause = this.#backoff.next();
      for (const outgoing of gathered) outgoing.failed(error, pause);
    }
  }

  /** One request. `at-will`: it changes nothing, and a lost answer is asked for again. `once`: only what was refused is. */
  async #ask(
    options: CallOptions,
    repeats: 'at-will' | 'once',
    build: (request: number, deadlineMillis: number) => ClientRequest,
  ): Promise<Answer> {
    this.#checkOpen();
    return await this.#calls.start<Answer>(options, (call) => {
      const attempt = async (): Promise<void> => {
        if (call.settled) return;
        try {
          const connection = await this.#finder.connection();
          if (call.settled) return;
          const sent = repeats === 'once' ? [{ call }] : [];
          call.resolve(await this.#exchange(connection, (request) => build(request, call.remainingMillis), sent));
        } catch (error) {
          call.retry(error, this.#backoff.next(), () => void attempt());
        }
      };
      void attempt();
    });
  }

  async #exchange(
    connection: Connection,
    build: (request: number) => ClientRequest,
    frame: readonly { readonly call: { sent: boolean } }[],
  ): Promise<Answer> {
    for (const { call } of frame) call.sent = true;
    const reply = await connection.request((request) => encodeRequest(build(request)));
    if (reply.kind !== 'failure') {
      this.#backoff.reset();
      return reply;
    }
    if (reply.outcome === 'not-executed') for (const { call } of frame) call.sent = false;
    const asksWrongOne = ASKS_WRONG_ONE.has(reply.code);
    if (asksWrongOne && this.#finder.moveOn(connection, reply.leader)) this.#backoff.redirected();
    throw new ScriptoriumError(reply.code, reply.message, { outcome: reply.outcome });
  }

  #checkOpen(): void {
    if (this.#closed) throw new ScriptoriumError('CLOSED', 'the client was closed');
  }
}

function proposalOf(frame: readonly Outgoing[]): (request: number) => ClientRequest {
  const writer = new EntryWriter();
  for (const { commands } of frame) for (const command of commands) writer.append(command);
  const { count, section } = writer.take();
  const deadlineMillis = Math.max(...frame.map(({ call }) => call.remainingMillis));
  return (request) => ({ kind: 'propose', request, deadlineMillis, count, section });
}

function settle(frame: readonly Outgoing[], answer: Answer): void {
  if (answer.kind !== 'proposed') throw mismatch('a proposal', answer);
  let { firstIndex } = answer;
  const parts = resultsOf(frame, answer.results);
  for (const [position, { call, count }] of frame.entries()) {
    call.resolve({ firstIndex, results: parts[position] as Uint8Array });
    firstIndex += count;
  }
}

/** Whatever a worker makes of its answer, the commands may have taken effect. */
function resultsOf(frame: readonly Outgoing[], results: Uint8Array): Uint8Array[] {
  try {
    return splitResults(results, frame);
  } catch (cause) {
    throw new ScriptoriumError('BAD_FRAME', 'the results are not those of the proposal', { cause, outcome: 'unknown' });
  }
}

const mismatch = (asked: string, answer: Answer): ScriptoriumError =>
  new ScriptoriumError('BAD_FRAME', `${asked} was answered with ${answer.kind}`, { outcome: 'unknown' });
