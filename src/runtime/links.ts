/**
 * All links of one node: listens, keeps links to the wanted addresses, shakes hands on every one and hands decoded messages
 * up. Keeps: a peer is known by its key and has at most one link, the newest; a message is attributed to the peer that proved
 * to hold that key; no bytes of a peer ever throw out of here. `send` is never delivery (R15).
 */
import type { Peer } from '../core/effects.ts';
import { MAX_FRAME_BYTES } from '../core/limits.ts';
import { type Message, type PeerKey, scribeKey, workerKey } from '../core/messages.ts';
import { ScriptoriumError } from '../errors.ts';
import { CLOSE_GOING_AWAY, CLOSE_NORMAL, CLOSE_TRY_LATER } from '../transport/close-codes.ts';
import type { Link, LinkHandlers, Listener, Transport } from '../transport/transport.ts';
import type { LinkIdentity } from '../wire/handshake.ts';
import { encodeMessage } from '../wire/message.ts';
import { addressOf, isLoopback } from './address.ts';
import type { Clock } from './clock.ts';
import { type Admission, acceptHandshake, dialHandshake, type HandshakeSide } from './handshaking.ts';
import type { Log } from './log.ts';
import type { PeerRole } from './peer-kinds.ts';
import { PeerLink, SWEEP_MILLIS } from './peer-link.ts';
import { Seldom } from './seldom.ts';
import { twinOf } from './twins.ts';
import { WantedAddress, type WantedState } from './wanted-address.ts';

/** Bytes queued to one peer before its link is given up: eight of the largest frames. */
const MAX_OUTBOX_BYTES = 8 * MAX_FRAME_BYTES;
/** Links others dialled, of any kind, at once. */
const MAX_ACCEPTED_LINKS = 1024;
/** With more of them than this, clients are refused. */
const MAX_LINKS_WITH_CLIENTS = 896;
/** Close code of a link that a newer one of the same peer replaces. */
const CLOSE_REPLACED = 4000;

export interface LinksHandlers {
  /** A handshake succeeded. A newer link of the same peer replaces an older one without a `linkDown` between. */
  linkUp(key: PeerKey, peer: Peer): void;
  linkDown(key: PeerKey): void;
  /** Batches alias memory that dies when this returns, unless `copyFrames`. */
  message(key: PeerKey, message: Message): void;
  /** A client shook hands; return its handlers, or undefined to refuse. Nothing may be sent to it before it asks. */
  client(link: Link, client: LinkIdentity): LinkHandlers | undefined;
}

export interface LinksOptions {
  readonly transport: Transport;
  readonly clusterId: string;
  /** Who this node is to others; the port of its address may be 0 until it listens. */
  readonly identity: LinkIdentity & { readonly role: PeerRole };
  readonly log: Log;
  readonly clock: Clock;
  /** Whether messages with batches outlive the handler, so that their frames have to be copied. */
  readonly copyFrames: boolean;
  readonly handlers: LinksHandlers;
}

export interface LinksStatus {
  readonly transport: Transport['name'];
  readonly peers: readonly { readonly key: PeerKey; readonly remote: string; readonly outboxBytes: number }[];
  readonly wanted: readonly {
    readonly address: string;
    readonly state: WantedState;
    readonly failure: string | null;
  }[];
  /** Links others dialled, clients included. */
  readonly accepted: number;
  /** Handshakes that failed, on either side. */
  readonly refusals: number;
  /** Links closed because the peer broke the protocol. */
  readonly violations: number;
}

export class Links {
  readonly #options: LinksOptions;
  #identity: LinksOptions['identity'];
  readonly #peers = new Map<PeerKey, PeerLink>();
  readonly #wanted = new Map<string, WantedAddress>();
  readonly #accepted = new Set<Link>();
  #listener: Listener | undefined;
  #cancelSweep: () => void;
  #closed = false;
  /** What others do wrong is told seldom, and counted always. */
  readonly #seldom: Seldom;
  #refusals = 0;
  #violations = 0;
  /** A leader sends one message object to several peers: it is encoded once. */
  #lastMessage: Message | undefined;
  #lastFrame: Uint8Array = new Uint8Array(0);

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#seldom = new Seldom(options.clock);
    this.#cancelSweep = this.#sweepLater();
  }

  /** Rejects with BAD_OPTION for a host that is not loopback, and with PORT_IN_USE. */
  async listen(at: { readonly host: string; readonly port: number }): Promise<Listener> {
    checkLoopback(at.host);
    const listener = await this.#options.transport.listen({
      host: at.host,
      port: at.port,
      maxFrameBytes: MAX_FRAME_BYTES,
      maxOutboxBytes: MAX_OUTBOX_BYTES,
      accept: (link) => this.#accept(link),
    });
    this.#listener = listener;
    this.#identity = { ...this.#identity, address: addressOf(at.host, listener.port) };
    return listener;
  }

  /** Keep links to exactly these addresses; links that others dialled are theirs to keep. */
  want(addresses: ReadonlySet<string>): void {
    if (this.#closed) return;
    for (const [address, wanted] of this.#wanted) {
      if (addresses.has(address)) continue;
      this.#wanted.delete(address);
      wanted.stop();
    }
    for (const address of addresses) {
      if (this.#wanted.has(address)) continue;
      this.#wanted.set(address, new WantedAddress(address, this.#options.clock, (wanted) => this.#dial(wanted)));
    }
  }

  /** False: there is no link to this peer, or it is being closed because its outbox is full. */
  send(to: PeerKey, message: Message): boolean {
    const peer = this.#peers.get(to);
    if (peer === undefined) return false;
    if (this.#lastMessage !== message) {
      this.#lastFrame = encodeMessage(message);
      this.#lastMessage = message;
    }
    return peer.link.send(this.#lastFrame);
  }

  status(): LinksStatus {
    return {
      transport: this.#options.transport.name,
      peers: [...this.#peers.values()].map(({ key, link }) => ({
        key,
        remote: link.remote,
        outboxBytes: link.outboxBytes,
      })),
      wanted: [...this.#wanted.values()].map(({ address, state, lastFailure }) => ({
        address,
        state,
        failure: lastFailure,
      })),
      accepted: this.#accepted.size,
      refusals: this.#refusals,
      violations: this.#violations,
    };
  }

  /** Close every link and stop listening; no handler is called any more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep();
    for (const wanted of this.#wanted.values()) wanted.stop();
    this.#wanted.clear();
    for (const peer of this.#peers.values()) peer.close(CLOSE_GOING_AWAY, 'closing');
    this.#peers.clear();
    for (const link of this.#accepted) link.close(CLOSE_GOING_AWAY, 'closing');
    await this.#listener?.close();
  }

  #accept(link: Link): LinkHandlers {
    if (this.#accepted.size >= MAX_ACCEPTED_LINKS || this.#closed) {
      link.close(CLOSE_TRY_LATER, 'too many links');
      return { message: () => undefined, closed: () => undefined };
    }
    this.#accepted.add(link);
    const handlers = acceptHandshake(link, {
      ...this.#side(link.remote),
      admit: (_link, { identity }) => this.#admit(link, identity),
    });
    return {
      message: (frame) => handlers.message(frame),
      closed: (code, reason) => {
        this.#accepted.delete(link);
        handlers.closed(code, reason);
      },
    };
  }

  #admit(link: Link, other: LinkIdentity): Admission {
    if (other.role !== 'client') return this.#admitPeer(link, other, null);
    // The rest is kept for peers: clients must not be able to lock them out (N12).
    if (this.#accepted.size > MAX_LINKS_WITH_CLIENTS) throw new ScriptoriumError('OVERLOADED', 'too many links');
    const handlers = this.#options.handlers.client(link, other);
    if (handlers === undefined) {
      throw new ScriptoriumError('HANDSHAKE_FAILED', `this ${this.#identity.role} serves no clients`);
    }
    return { handlers, begin: () => undefined };
  }

  #dial(wanted: WantedAddress): () => void {
    let peer: PeerLink | undefined;
    const giveUp = this.#options.transport.dial({
      address: wanted.address,
      maxFrameBytes: MAX_FRAME_BYTES,
      maxOutboxBytes: MAX_OUTBOX_BYTES,
      failed: (reason) => wanted.ended(reason),
      opened: (link) =>
        dialHandshake(link, {
          ...this.#side(wanted.address, wanted),
          admit: (_link, { identity }) => {
            const admission = this.#admitPeer(link, identity, wanted);
            peer = admission.handlers;
            return admission;
          },
        }),
    });
    return () => (peer === undefined ? giveUp() : peer.close(CLOSE_NORMAL, 'no longer wanted'));
  }

  #side(remote: string, wanted?: WantedAddress): Omit<HandshakeSide, 'admit'> {
    return {
      clock: this.#options.clock,
      clusterId: this.#options.clusterId,
      identity: this.#identity,
      refused: (error) => {
        if (this.#closed) return;
        this.#refusals += 1;
        const why = `${error.code}: ${error.message}`;
        const isNews = wanted === undefined ? this.#seldom.isNews(`${remote} ${why}`) : wanted.ended(why);
        if (isNews) this.#options.log.warn({ remote, code: error.code, reason: error.message }, 'no handshake');
      },
    };
  }

  #admitPeer(
    link: Link,
    other: LinkIdentity,
    wanted: WantedAddress | null,
  ): { readonly handlers: PeerLink; begin(): void } {
    const { copyFrames, handlers, log } = this.#options;
    const peer = new PeerLink({
      ...identifyPeer(other),
      link,
      wanted,
      copyFrames,
      ownRole: this.#identity.role,
      message: (from, message) => handlers.message(from.key, message),
      violated: (from, { code, message }) => {
        this.#violations += 1;
        if (this.#seldom.isNews(`${from.key} ${code}: ${message}`))
          log.warn({ peer: from.key, remote: link.remote, code, reason: message }, 'protocol violation');
      },
      ended: (from, code, reason) => this.#ended(from, code, reason),
    });
    return { handlers: peer, begin: () => this.#up(peer) };
  }

  #up(peer: PeerLink): void {
    peer.wanted?.up();
    const older = this.#peers.get(peer.key);
    if (older !== undefined && this.#staysOver(older, peer)) {
      peer.close(CLOSE_REPLACED, 'the link dialled the other way stays');
      return;
    }
    this.#peers.set(peer.key, peer);
    older?.close(CLOSE_REPLACED, 'a newer link took its place');
    this.#warnOfTwin(peer.peer);
    this.#options.handlers.linkUp(peer.key, peer.peer);
  }

  #warnOfTwin(newcomer: Peer): void {
    if (newcomer.role !== 'worker') return;
    const own = identifyPeer(this.#identity).peer;
    const twin = twinOf(newcomer.identity, [own, ...[...this.#peers.values()].map(({ peer }) => peer)]);
    if (twin === null) return;
    const { workerId, address } = newcomer.identity;
    this.#options.log.error({ workerId, addresses: [twin.address, address] }, 'two workers run under one id');
  }

  /**
   * Two nodes that dial each other at the same moment see the two links in different order; both keep the one dialled by
   * the smaller key. In any other case the newer link is kept: the older one may be dead without anyone having noticed.
   */
  #staysOver(older: PeerLink, newer: PeerLink): boolean {
    const cross = (older.wanted === null) !== (newer.wanted === null);
    if (!cross || !older.isFresh) return false;
    const ownKey = this.#identity.role === 'scribe' ? scribeKey(this.#identity.key) : workerKey(this.#identity.key);
    return older.wanted === null ? older.key < ownKey : ownKey < older.key;
  }

  #ended(peer: PeerLink, code: number, reason: string): void {
    const wasCurrent = this.#peers.get(peer.key) === peer;
    if (wasCurrent) this.#peers.delete(peer.key);
    if (this.#closed) return;
    if (code === CLOSE_REPLACED && this.#peers.has(peer.key)) peer.wanted?.covered(peer.key);
    else peer.wanted?.ended(`closed: ${code} ${reason}`);
    if (!wasCurrent) return;
    for (const wanted of this.#wanted.values()) wanted.peerGone(peer.key);
    this.#options.handlers.linkDown(peer.key);
  }

  #sweepLater(): () => void {
    return this.#options.clock.setTimer(SWEEP_MILLIS, () => {
      this.#cancelSweep = this.#sweepLater();
      for (const peer of this.#peers.values()) peer.sweep();
    });
  }
}

/** Throws HANDSHAKE_FAILED for what can be no peer. */
function identifyPeer(other: LinkIdentity): { key: PeerKey; peer: Peer } {
  const { role, id, key, address } = other;
  if (role === 'scribe') return { key: scribeKey(key), peer: { role, storageUuid: key, scribeId: id } };
  if (role === 'client') throw new ScriptoriumError('HANDSHAKE_FAILED', 'a client cannot be a peer');
  if (address === null) throw new ScriptoriumError('HANDSHAKE_FAILED', 'a worker has to say where it listens');
  return { key: workerKey(key), peer: { role, identity: { workerId: id, incarnation: key, address } } };
}

/** Nobody is authenticated yet, so nobody from elsewhere may get in. */
function checkLoopback(host: string): void {
  if (isLoopback(host)) return;
  const rule = 'only loopback addresses (127.0.0.0/8, ::1, localhost) are allowed until links are authenticated';
  throw new ScriptoriumError('BAD_OPTION', `cannot listen on ${host}: ${rule}`);
}
