/** A scribe as one object: its journal, its machine and its links, started and stopped together. */

import { addressOf } from '../runtime/address.ts';
import { systemClock } from '../runtime/clock.ts';
import { Links } from '../runtime/links.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { GROUP, ScribeDriver } from '../runtime/scribe-driver.ts';
import { openStatusDesk } from '../runtime/status-desk.ts';
import { Journal, type RecoveryReport } from '../storage/journal.ts';
import type { JournalIdentity, WriteOptions } from '../storage/journal-types.ts';
import { selectTransport, type TransportChoice } from '../transport/select.ts';
import type { Listener } from '../transport/transport.ts';
import type { ScribeStatus } from './status.ts';
import { checkedMaxLease, scribeTiming } from './timing.ts';

export interface ScribeNodeOptions {
  /** A directory made by `formatScribe`. */
  readonly directory: string;
  /** Whose directory it has to be; WRONG_IDENTITY otherwise. Default whoever's it is. */
  readonly identity?: Partial<JournalIdentity>;
  /** Loopback address to listen on. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Default `auto`: uWebSockets.js where it loads, else ws. */
  readonly transport?: TransportChoice;
  /** Go on without O_DIRECT; default false. */
  readonly allowBuffered?: boolean;
  /** How the journal writes; default as fast as the disk allows. */
  readonly writing?: WriteOptions;
  /**
   * The longest lease it promises a leader that asks (R22), in milliseconds: 0, the default, for none, or 100 to 300. As long as a
   * promise lasts it helps elect nobody else, also when the leader has crashed.
   */
  readonly maxLeaseMillis?: number;
  /** Default silent. */
  readonly log?: Log;
}

export class ScribeNode {
  readonly address: string;
  readonly report: RecoveryReport;
  /** Resolves with the cause when the journal has failed: nothing is acknowledged any more (R30). */
  readonly failed: Promise<unknown>;
  readonly #journal: Journal;
  readonly #links: Links;
  readonly #listener: Listener;
  readonly #driver: ScribeDriver;
  readonly #maxLeaseMillis: number;

  private constructor(parts: {
    journal: Journal;
    links: Links;
    listener: Listener;
    driver: ScribeDriver;
    failed: Promise<unknown>;
    maxLeaseMillis: number;
  }) {
    this.#journal = parts.journal;
    this.#links = parts.links;
    this.#listener = parts.listener;
    this.#driver = parts.driver;
    this.failed = parts.failed;
    this.#maxLeaseMillis = parts.maxLeaseMillis;
    this.report = parts.journal.report;
    this.address = addressOf(parts.listener.host, parts.listener.port);
  }

  static async start(options: ScribeNodeOptions): Promise<ScribeNode> {
    const log = options.log ?? silentLog;
    const maxLeaseMillis = checkedMaxLease(options.maxLeaseMillis);
    const transport = await selectTransport(options.transport ?? 'auto');
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<unknown>((resolve) => {
      fail = resolve;
    });
    let driver: ScribeDriver | null = null;
    const journal = await Journal.open({
      directory: options.directory,
      ...(options.identity === undefined ? {} : { identity: options.identity }),
      ...(options.allowBuffered === undefined ? {} : { allowBuffered: options.allowBuffered }),
      ...options.writing,
      onDurable: (ticket) => {
        driver?.durable(ticket, journal.stats().lastDurableMicros);
      },
      onDamage: (range) => {
        log.error({ ...range }, 'a batch is damaged on this disk; it is asked of the other scribes');
        driver?.damaged(range);
      },
      onSpace: (lack) => {
        if (lack === null) log.info({}, 'there is room on the disk again');
        else
          log.error(
            { error: lack.message, code: lack.code },
            'the disk is full; nothing new is stored before there is room',
          );
      },
      onFailure: (error) => {
        log.error({ error: error.message, code: error.code }, 'the journal failed; this scribe is silent from now on');
        driver?.stop();
        fail(error);
      },
    });
    let node: ScribeNode | null = null;
    let opened: Links | null = null;
    try {
      const { clusterId, scribeId, storageUuid } = journal.identity;
      const links = new Links({
        transport,
        clusterId,
        identity: { role: 'scribe', id: scribeId, key: storageUuid, address: addressOf(options.host, options.port) },
        log,
        clock: systemClock,
        copyFrames: false, // the journal copies what it stores before the handler returns
        handlers: {
          linkUp: (from, peer) => driver?.step({ kind: 'linkUp', from, peer }),
          linkDown: (from) => driver?.step({ kind: 'linkDown', from }),
          message: (from, message) => driver?.step({ kind: 'message', from, message }),
          client: (link) => openStatusDesk(link, () => node?.status() ?? {}),
        },
      });
      opened = links;
      driver = await ScribeDriver.start({
        journal,
        timing: scribeTiming(maxLeaseMillis, journal.group(GROUP).hardState.term),
        clock: systemClock,
        send: (to, message) => links.send(to, message),
        want: (addresses) => links.want(addresses),
        failed: (error) => fail(error),
        repaired: (from, to) => log.info({ from, to }, 'a damaged batch was repaired from another scribe'),
      });
      const listener = await links.listen({ host: options.host, port: options.port });
      node = new ScribeNode({ journal, links, listener, driver, failed, maxLeaseMillis });
      log.info({ scribeId, storageUuid, address: node.address, recovery: journal.report }, 'scribe ready');
      return node;
    } catch (error) {
      driver?.stop();
      await opened?.close();
      await journal.close();
      throw error;
    }
  }

  status(): ScribeStatus {
    const { hardState, tail, durableTail, commit, configuration, standing, leader, damaged } = this.#driver.machine;
    const { scribeId, storageUuid } = this.#journal.identity;
    const { directIo, writeMode, noSpace, repaired } = this.#journal.stats();
    return {
      scribeId,
      storageUuid,
      address: this.address,
      term: hardState.term,
      leader: leader === null ? null : { workerId: leader.workerId, address: leader.address },
      tail,
      durableIndex: durableTail.index,
      commitIndex: commit.index,
      state: this.#driver.stopped ? 'failed' : standing,
      configuration: { index: configuration.id.index, ...configuration.configuration },
      directIo,
      writeMode,
      noSpace,
      damaged,
      repaired,
      maxLeaseMillis: this.#maxLeaseMillis,
    };
  }

  /** Close links, flush what was appended, release the directory; idempotent. */
  async stop(): Promise<void> {
    this.#driver.stop();
    await this.#links.close();
    await this.#listener.close();
    await this.#journal.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
