/**
 * What a worker must have heard before it asks for votes or goes on leading: a majority's terms and tails (R2, R5), a
 * majority's answers (R8). Judged from the messages delivered to it, on its own clock.
 */
import type { Message, PeerKey, ProbeReply } from '../../src/core/messages.ts';
import { agrees } from './agreement.ts';
import { describeId, notBehind } from './log-tree.ts';
import { demand } from './violation.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

export class ElectionChecks {
  readonly #world: World;
  readonly #name: string;
  readonly #machine: WorkerHost['machine'];
  #round = 0;
  /** Answers to the newest probe; a scribe asked again over a new link answers twice. */
  #replies: { readonly from: PeerKey; readonly reply: ProbeReply }[] = [];
  /** When each scribe last answered this leader, from its election on. */
  #answeredAt = new Map<PeerKey, number>();
  #electedAt = 0;
  /** When the configuration that is counted by came into force. */
  #configuredAt = { index: 0, at: 0 };

  constructor(world: World, name: string, machine: WorkerHost['machine']) {
    this.#world = world;
    this.#name = name;
    this.#machine = machine;
  }

  received(from: PeerKey, message: Message, now: number): void {
    if (message.kind === 'probeReply' && message.round === this.#round) this.#replies.push({ from, reply: message });
    const { role, term } = this.#machine;
    if (message.kind === 'appendReply' && role === 'leader' && message.term === term) this.#answeredAt.set(from, now);
  }

  elected(now: number): void {
    this.#answeredAt = new Map();
    this.#electedAt = now;
    this.#configuredAt = { index: this.#machine.configuration.id.index, at: now };
  }

  sending(message: Message): void {
    if (message.kind === 'probe' && message.round !== this.#round) {
      this.#round = message.round;
      this.#replies = [];
    }
    if (message.kind !== 'vote' && message.kind !== 'transferVote') return;
    const { configuration } = this.#machine.configuration;
    const lower = agrees(
      configuration,
      this.#said(({ term }) => term < message.term),
    );
    demand(lower, 'term-not-from-majority', () => `${this.#name} asks for ${message.term}`);
    const covered = agrees(
      configuration,
      this.#said(({ tail }) => notBehind(message.tail, tail)),
    );
    const asks = (): string => `${this.#name} asks with ${describeId(message.tail)}`;
    demand(covered, 'candidate-not-caught-up', asks);
  }

  #said(what: (reply: ProbeReply) => boolean): (storageUuid: string) => boolean {
    const saying = new Set(this.#replies.filter(({ reply }) => what(reply)).map(({ from }) => from));
    return (storageUuid) => saying.has(`scribe:${storageUuid}`);
  }

  /** After a tick: a leader has answers of a majority from within an election timeout, give or take a heartbeat. */
  ticked(now: number): void {
    if (this.#machine.role !== 'leader') return;
    const { electionTimeoutMaxMillis, heartbeatMillis } = this.#world.plan.worker;
    const { id, configuration } = this.#machine.configuration;
    if (this.#configuredAt.index !== id.index) this.#configuredAt = { index: id.index, at: now };
    // A newcomer's time runs from when it became one.
    const since = Math.max(this.#electedAt, this.#configuredAt.at);
    const most = electionTimeoutMaxMillis + heartbeatMillis;
    const heard = (uuid: string): boolean => now - (this.#answeredAt.get(`scribe:${uuid}`) ?? since) <= most;
    demand(agrees(configuration, heard), 'leader-without-quorum', () => `${this.#name} leads on`);
  }
}
