/**
 * A client outside the workers' processes: finds the leader, sends it proposals and reads, and follows when leadership
 * moves. Calls of one turn travel in one frame. What was refused without effect is tried again until the deadline; what
 * was sent and not answered is never sent again: its outcome is unknown, and only a session could make a retry safe.
 */
import { ScriptoriumError } from '../errors.ts';
import { randomHex } from '../runtime/random.ts';
import { selectTransport, type TransportChoice } from '../transport/select.ts';
import type { Transport } from '../transport/transport.ts';
import { type ClientRequest, encodeRequest } from '../wire/client-protocol.ts';
import { EntryWriter } from '../wire/entries.ts';
import { ANY_CLUSTER } from '../wire/handshake.ts';
import { splitResults } from '../wire/results.ts';
import { Backoff, type Call, Calls } from './calls.ts';
import { checkCommands } from './commands.ts';
import type { Answer } from './connection.ts';
import { LeaderFinder } from './leader-finder.ts';
import type { Applied, CallOptions, LogService } from './log-service.ts';
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
}

/** A frame of proposals is closed at this size. */
const MAX_FRAME_FILL_BYTES = 256 * 1024;

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

  /** Resolves without waiting for a leader; BAD_OPTION when no address is given. */
  static async connect(options: ClientOptions): Promise<Client> {
    if (options.workers.length === 0)
      throw new ScriptoriumError('BAD_OPTION', 'workers: at least one host:port is needed');
    return new Client(options, await selectTransport(options.transport ?? 'auto'));
  }

  async propose(command: Uint8Array, options: CallOptions = {}): Promise<Applied> {
    const { firstIndex, results } = await this.proposeRaw([command], options);
    return asApplied(firstIndex, results);
  }

  async proposeBatch(commands: readonly Uint8Array[], options: CallOptions = {}) {
    const { firstIndex, results } = await this.proposeRaw(commands, options);
    return asBatchResult(firstIndex, results, commands.length);
  }

  async read(query: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const answer = await this.#ask(options, (request, deadlineMillis) => ({
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
    const answer = await this.#ask(options, (request) => ({ kind: 'status', request }));
    if (answer.kind !== 'statusReply') throw mismatch('a status request', answer);
    return answer.status as WorkerStatus;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#calls.rejectAll(new ScriptoriumError('CLOSED', 'the client was closed', { outcome: 'unknown' }));
    await this.#finder.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As `proposeBatch`, the results left encoded: for those who pass them on. */
  async proposeRaw(commands: readonly Uint8Array[], options: CallOptions): Promise<Proposed> {
    this.#checkOpen();
    checkCommands(commands);
    return await this.#calls.start<Proposed>(options, (call) =>
      this.#gather({ call, commands, count: commands.length }),
    );
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
      const writer = new EntryWriter();
      let end = start;
      while (end < waiting.length && (end === start || writer.byteLength < MAX_FRAME_FILL_BYTES)) {
        for (const command of (waiting[end] as Outgoing).commands) writer.append(command);
        end++;
      }
      this.#send(waiting.slice(start, end), writer);
      start = end;
    }
  }

  #send(frame: readonly Outgoing[], writer: EntryWriter): void {
    const { count, section } = writer.take();
    const deadlineMillis = Math.max(...frame.map(({ call }) => call.remainingMillis));
    const request = (request: number): ClientRequest => ({ kind: 'propose', request, deadlineMillis, count, section });
    this.#exchange(
      request,
      frame.map(({ call }) => call),
    ).then(
      (answer) => settle(frame, answer),
      (error: unknown) => {
        const pause = this.#backoff.next();
        for (const outgoing of frame) outgoing.call.retry(error, pause, () => this.#gather(outgoing));
      },
    );
  }

  /** One request that changes nothing and may be repeated at will: a lost answer is asked for again. */
  async #ask(options: CallOptions, build: (request: number, deadlineMillis: number) => ClientRequest): Promise<Answer> {
    this.#checkOpen();
    return await this.#calls.start<Answer>(options, (call) => {
      const attempt = (): void => {
        this.#exchange((request) => build(request, call.remainingMillis), []).then(
          (answer) => call.resolve(answer),
          (error: unknown) => call.retry(error, this.#backoff.next(), attempt),
        );
      };
      attempt();
    });
  }

  async #exchange(build: (request: number) => ClientRequest, calls: readonly Call<Proposed>[]): Promise<Answer> {
    const connection = await this.#finder.connection();
    for (const call of calls) call.sent = true;
    const reply = await connection.request((request) => encodeRequest(build(request)));
    if (reply.kind !== 'failure') {
      this.#backoff.reset();
      return reply;
    }
    if (reply.outcome === 'not-executed') for (const call of calls) call.sent = false;
    if (reply.code === 'NOT_LEADER' || reply.code === 'NO_LEADER') this.#finder.moveOn(connection, reply.leader);
    throw new ScriptoriumError(reply.code, reply.message, { outcome: reply.outcome });
  }

  #checkOpen(): void {
    if (this.#closed) throw new ScriptoriumError('CLOSED', 'the client was closed');
  }
}

function settle(frame: readonly Outgoing[], answer: Answer): void {
  if (answer.kind !== 'proposed') {
    for (const { call } of frame) call.reject(mismatch('a proposal', answer));
    return;
  }
  let { firstIndex } = answer;
  const parts = splitResults(answer.results, frame);
  for (const [position, { call, count }] of frame.entries()) {
    call.resolve({ firstIndex, results: parts[position] as Uint8Array });
    firstIndex += count;
  }
}

const mismatch = (asked: string, answer: Answer): ScriptoriumError =>
  new ScriptoriumError('BAD_FRAME', `${asked} was answered with ${answer.kind}`, { outcome: 'unknown' });
