/**
 * One incarnation of a worker: its state machine, its links and, once a scribe has told the configuration, its driver. It
 * ends with the state machine's thread; whoever owns it starts the next one.
 */
import type { Peer } from '../core/effects.ts';
import type { Message, PeerKey } from '../core/messages.ts';
import type { WorkerIdentity } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import type { Deaths } from '../machine/deaths.ts';
import { MachineHost, type MachineHostOptions } from '../machine/host.ts';
import { addressOf } from '../runtime/address.ts';
import { type ClientBackend, openClientDesk } from '../runtime/client-desk.ts';
import { systemClock } from '../runtime/clock.ts';
import { Links } from '../runtime/links.ts';
import type { Log } from '../runtime/log.ts';
import type { Proposal } from '../runtime/proposals.ts';
import { randomHex } from '../runtime/random.ts';
import { WorkerDriver } from '../runtime/worker-driver.ts';
import type { Transport } from '../transport/transport.ts';
import type { EntryWriter } from '../wire/entries.ts';
import { PROPOSAL_LIMITS, workerTiming } from './timing.ts';

/** Who a worker is, where it listens and what it runs. */
export interface WorkerSettings {
  /** A name for people: letters, digits, `.`, `_`, `-`. */
  readonly workerId: string;
  /** 32 hex digits, as `init` made it. */
  readonly clusterId: string;
  /** First contacts among the scribes, `host:port`, 1 or more; the log's configuration replaces them. */
  readonly scribes: readonly string[];
  /** Loopback address to listen on for peers and clients. */
  readonly host: string;
  /** A fixed port: others find this worker by it. */
  readonly port: number;
  readonly machine: MachineHostOptions;
  /**
   * The lease it asks the scribes for when it leads (R22), in milliseconds: 0, the default, for none, or 100 to 300. While it has
   * one it reads without asking a quorum; a leader that is gone is replaced so much later.
   */
  readonly leaseMillis?: number;
}

export interface WorkerLifeOptions extends WorkerSettings {
  readonly transport: Transport;
  readonly log: Log;
  status(): object;
  /** Of the state machines of earlier lives. */
  readonly deaths: Deaths;
  /** The state machine died; everything here is stopped already. */
  ended(cause: unknown): void;
}

export class WorkerLife {
  readonly identity: WorkerIdentity;
  readonly #options: WorkerLifeOptions;
  readonly #host: MachineHost;
  readonly #links: Links;
  readonly #peers = new Map<PeerKey, Peer>();
  #driver: WorkerDriver | null = null;
  #ended = false;

  private constructor(options: WorkerLifeOptions, host: MachineHost) {
    this.#options = options;
    this.#host = host;
    const incarnation = randomHex(16);
    const address = addressOf(options.host, options.port);
    this.identity = { workerId: options.workerId, incarnation, address };
    this.#links = new Links({
      transport: options.transport,
      clusterId: options.clusterId,
      identity: { role: 'worker', id: options.workerId, key: incarnation, address },
      log: options.log,
      clock: systemClock,
      copyFrames: true, // batches stay in this worker's log after the handler has returned
      handlers: {
        linkUp: (from, peer) => this.#linkUp(from, peer),
        linkDown: (from) => this.#linkDown(from),
        message: (from, message) => this.#receive(from, message),
        client: (link) => openClientDesk(link, this.#backend()),
      },
    });
  }

  static async start(options: WorkerLifeOptions): Promise<WorkerLife> {
    const host = await MachineHost.start(options.machine, options.deaths);
    const life = new WorkerLife(options, host);
    try {
      await life.#links.listen({ host: options.host, port: options.port });
    } catch (error) {
      await life.stop();
      throw error;
    }
    life.#links.want(new Set(options.scribes));
    return life;
  }

  get driver(): WorkerDriver | null {
    return this.#driver;
  }

  /** Leads, or will soon know who does. */
  get takesProposals(): boolean {
    return this.#driver !== null && (this.#driver.role === 'leader' || this.#driver.awaitsLeader);
  }

  propose(proposal: Proposal, bytes: number, write: (writer: EntryWriter) => void, patienceMillis: number): void {
    if (this.#driver !== null) this.#driver.propose(proposal, bytes, write, patienceMillis);
    else proposal.settle({ kind: 'failed', error: noContact() });
  }

  read(query: Uint8Array, patienceMillis: number): Promise<Uint8Array> {
    return this.#driver?.read(query, patienceMillis) ?? Promise.reject(noContact());
  }

  /** Before an end that was planned: nobody should have to find out that the leader is gone. */
  async handOver(): Promise<void> {
    await this.#driver?.handOver();
  }

  /** End everything; idempotent. */
  async stop(): Promise<void> {
    this.#ended = true;
    this.#driver?.stop();
    await this.#links.close();
    await this.#host.stop();
  }

  #linkUp(from: PeerKey, peer: Peer): void {
    this.#peers.set(from, peer);
    if (this.#driver !== null) this.#driver.step({ kind: 'linkUp', from, peer });
    else if (peer.role === 'scribe') this.#links.send(from, { kind: 'probe', round: 0 });
  }

  #linkDown(from: PeerKey): void {
    this.#peers.delete(from);
    this.#driver?.step({ kind: 'linkDown', from });
  }

  #receive(from: PeerKey, message: Message): void {
    if (this.#driver !== null) this.#driver.step({ kind: 'message', from, message });
    else if (message.kind === 'probeReply' && message.configuration.id.index > 0) {
      this.#begin(message.configuration);
    }
  }

  /** The first scribe heard says who the scribes are; a newer word will be heard by the machine itself (R28). */
  #begin(configuration: Extract<Message, { kind: 'probeReply' }>['configuration']): void {
    if (this.#ended) return;
    this.#driver = new WorkerDriver({
      identity: this.identity,
      configuration,
      contacts: this.#options.scribes,
      timing: workerTiming(this.#options.leaseMillis),
      proposals: PROPOSAL_LIMITS,
      host: this.#host,
      clock: systemClock,
      log: this.#options.log,
      send: (to, message) => this.#links.send(to, message),
      want: (addresses) => this.#links.want(addresses),
      failed: (cause) => void this.#end(cause),
    });
    for (const [from, peer] of this.#peers) this.#driver.step({ kind: 'linkUp', from, peer });
  }

  async #end(cause: unknown): Promise<void> {
    if (this.#ended) return;
    await this.stop();
    this.#options.ended(cause);
  }

  #backend(): ClientBackend {
    return {
      leaderAddress: () => this.#driver?.leader?.identity.address ?? null,
      propose: (proposal, bytes, write, patienceMillis) => this.propose(proposal, bytes, write, patienceMillis),
      read: (query, patienceMillis) => this.read(query, patienceMillis),
      changeMembers: (change) => this.#driver?.changeMembers(change) ?? Promise.reject(noContact()),
      status: () => this.#options.status(),
    };
  }
}

const noContact = (): ScriptoriumError =>
  new ScriptoriumError('NO_LEADER', 'this worker has not reached any scribe yet');
