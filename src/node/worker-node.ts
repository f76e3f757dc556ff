/**
 * A worker as one object, usable as the log itself: proposals and reads are served here when this worker leads and passed
 * on to the leader otherwise. When the state machine's thread dies everything is replaced under a new incarnation and the
 * state is rebuilt from the log; the address stays.
 */
import { ScriptoriumError } from '../errors.ts';
import { Deaths } from '../machine/deaths.ts';
import { addressOf } from '../runtime/address.ts';
import { systemClock } from '../runtime/clock.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import type { Stages } from '../runtime/stages.ts';
import { selectTransport, type TransportChoice } from '../transport/select.ts';
import type { Transport } from '../transport/transport.ts';
import type { EntryWriter } from '../wire/entries.ts';
import { Backoff, type Call, Calls } from './calls.ts';
import type { Proposed } from './client.ts';
import { checkCommands, checkQuery } from './commands.ts';
import type { Applied, CallOptions, LogService } from './log-service.ts';
import { checkClusterId, checkContacts, checkWorkerId } from './names.ts';
import { asApplied, asBatchResult } from './results.ts';
import type { WorkerStatus } from './status.ts';
import { workerTiming } from './timing.ts';
import { Ways } from './ways.ts';
import { WorkerLife, type WorkerSettings } from './worker-life.ts';

export interface WorkerNodeOptions extends WorkerSettings {
  /** Default `auto`. */
  readonly transport?: TransportChoice;
  /** Default silent. */
  readonly log?: Log;
}

const REBIRTH_PAUSE_MILLIS = 50;

export class WorkerNode implements LogService {
  readonly address: string;
  /** Resolves with the cause when the state machine cannot be kept alive. */
  readonly failed: Promise<unknown>;
  readonly #options: WorkerNodeOptions;
  readonly #transport: Transport;
  readonly #log: Log;
  readonly #calls = new Calls();
  readonly #backoff = new Backoff();
  #fail: (cause: unknown) => void = () => {};
  #life: WorkerLife | null = null;
  readonly #ways: Ways;
  readonly #deaths = new Deaths();
  /** The life that is about to begin, if one is. */
  #rebirth: Promise<void> | null = null;
  #cancelRebirth: () => void = () => {};
  #stopping: Promise<void> | null = null;

  private constructor(options: WorkerNodeOptions, transport: Transport) {
    this.#options = options;
    this.#transport = transport;
    this.#log = options.log ?? silentLog;
    this.#ways = new Ways(options.clusterId);
    this.address = addressOf(options.host, options.port);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** Resolves when it listens; scribes may come later. Rejects PORT_IN_USE, BAD_OPTION, STATE_MACHINE_FAILED. */
  static async start(options: WorkerNodeOptions): Promise<WorkerNode> {
    checkWorkerId(options.workerId);
    checkClusterId(options.clusterId);
    checkContacts('scribes', options.scribes);
    if (options.port === 0)
      throw new ScriptoriumError('BAD_OPTION', 'port: must be fixed, since others find the worker by it');
    workerTiming(options.leaseMillis); // what is wrong with it is said now, and not when a scribe answers
    const node = new WorkerNode(options, await selectTransport(options.transport ?? 'auto'));
    await node.#begin();
    return node;
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
    this.#checkRunning();
    checkQuery(query);
    return await this.#calls.start<Uint8Array>(options, (call) => this.#tryRead(call, query));
  }

  /** Where this worker's batches spend their time while it leads; null before it has reached a scribe. */
  get stages(): Stages | null {
    return this.#life?.driver?.stages ?? null;
  }

  status(): WorkerStatus {
    const driver = this.#life?.driver ?? null;
    const leader = driver?.leader?.identity ?? null;
    return {
      workerId: this.#options.workerId,
      incarnation: this.#life?.identity.incarnation ?? '',
      clusterId: this.#options.clusterId,
      role: driver?.role ?? 'learner',
      term: driver?.term ?? 0,
      tookOver: driver?.tookOver ?? false,
      leader: leader === null ? null : { workerId: leader.workerId, address: leader.address },
      configuration: {
        index: driver?.configuration.id.index ?? 0,
        ...(driver?.configuration.configuration ?? { scribes: [] }),
      },
      tailIndex: driver?.tail.index ?? 0,
      haltedAt: driver?.halted ?? null,
      commitIndex: driver?.commit ?? 0,
      appliedIndex: driver?.applied ?? 0,
      lease: { millis: this.#options.leaseMillis ?? 0, held: driver?.holdsLease === true },
      transport: this.#transport.name,
    };
  }

  /**
   * Hand leadership over, close links, end the state machine. What is called from now on is refused with CLOSED, and the address
   * is free when this resolves, which is the same promise for whoever stops it again.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#cancelRebirth();
    await this.#rebirth;
    await this.#life?.handOver();
    await this.#life?.stop();
    this.#calls.rejectAll('the worker was stopped');
    await this.#ways.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #checkRunning(): void {
    if (this.#stopping !== null) throw new ScriptoriumError('CLOSED', 'the worker was stopped');
  }

  async #propose(commands: readonly Uint8Array[], options: CallOptions): Promise<Proposed> {
    this.#checkRunning();
    const bytes = checkCommands(commands);
    return await this.#calls.start<Proposed>(options, (call) => this.#tryPropose(call, commands, bytes));
  }

  #tryPropose(call: Call<Proposed>, commands: readonly Uint8Array[], bytes: number): void {
    if (call.settled) return;
    const again = (error: unknown): void =>
      call.retry(error, this.#backoff.next(), () => this.#tryPropose(call, commands, bytes));
    const life = this.#life;
    if (life?.takesProposals !== true) {
      this.#passOn(call, commands, bytes, again);
      return;
    }
    call.sent = true;
    const settle: Parameters<WorkerLife['propose']>[0]['settle'] = (settlement) => {
      if (settlement.kind === 'failed') return again(settlement.error);
      this.#backoff.reset();
      call.resolve(settlement);
    };
    const write = (writer: EntryWriter): void => {
      for (const command of commands) writer.append(command);
    };
    life.propose({ count: commands.length, settle }, bytes, write, call.remainingMillis / 2);
  }

  /** Somebody else leads: send it there over the client protocol. Refused, it starts over: by then we may lead. */
  #passOn(call: Call<Proposed>, commands: readonly Uint8Array[], bytes: number, again: (error: unknown) => void): void {
    const address = this.#life?.driver?.leader?.identity.address;
    if (address === undefined || address === this.address) {
      const driver = this.#life?.driver;
      const error = driver?.notLeader() ?? new ScriptoriumError('NO_LEADER', 'this worker is not linked yet');
      // The log stops (R31): that waits for an operator, so the caller must hear of it at once.
      if (error.code === 'HALTED') call.reject(error);
      else again(error);
      return;
    }
    this.#ways.to(address).then((client) => client.passOn(call, commands, bytes, again), again);
  }

  #tryRead(call: Call<Uint8Array>, query: Uint8Array): void {
    if (call.settled) return;
    const life = this.#life;
    const reading =
      life === null
        ? Promise.reject(new ScriptoriumError('NO_LEADER', 'the state machine is being rebuilt'))
        : life.read(query, call.remainingMillis);
    reading.then(
      (answer) => call.resolve(answer),
      (error: unknown) => call.retry(error, this.#backoff.next(), () => this.#tryRead(call, query)),
    );
  }

  async #begin(): Promise<void> {
    const { workerId, clusterId, scribes, host, port, machine, leaseMillis = 0 } = this.#options;
    const life = await WorkerLife.start({
      workerId,
      clusterId,
      scribes,
      host,
      port,
      machine,
      leaseMillis,
      transport: this.#transport,
      log: this.#log,
      deaths: this.#deaths,
      status: () => this.status(),
      ended: (cause) => this.#ended(cause),
    });
    if (this.#stopping !== null) await life.stop();
    else this.#life = life;
  }

  #ended(cause: unknown): void {
    const appliedIndex = this.#life?.driver?.applied ?? 0;
    this.#life = null;
    if (this.#stopping !== null) return;
    const error = cause instanceof Error ? cause.message : String(cause);
    if (this.#deaths.areInVain) {
      this.#log.error({ error, appliedIndex }, 'the state machine dies at the same index again and again; giving up');
      this.#fail(cause);
      return;
    }
    this.#log.warn({ error, appliedIndex }, 'the state machine died; rebuilding it from the log');
    this.#cancelRebirth = systemClock.setTimer(REBIRTH_PAUSE_MILLIS, () => {
      this.#rebirth = this.#begin().catch((failure: unknown) => this.#fail(failure));
    });
  }
}
