/**
 * What a worker must have heard before it asks for votes or goes on leading: a majority's terms and tails (R2, R5), a
 * majority's answers (R8). Judged from the messages delivered to it, on its own clock.
 */
import type { Message, PeerKey, ProbeReply } from '../../src/core/messages.ts';
import { describeId, notBehind } from './log-tree.ts';
import { demand } from './violation.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

export class ElectionChecks {
  readonly #world: World;
  readonly #name: string;
  readonly #machine: WorkerHost['machine'];
  readonly #majority: number;
  #round = 0;
  /** Answers to the newest probe; a scribe asked again over a new link answers twice. */
  #replies: { readonly from: PeerKey; readonly reply: ProbeReply }[] = [];
  /** When each scribe last answered this leader, from its election on. */
  #answeredAt = new Map<PeerKey, number>();

  constructor(world: World, name: string, machine: WorkerHost['machine']) {
    this.#world = world;
    this.#name = name;
    this.#machine = machine;
    this.#majority = Math.floor(world.plan.scribes / 2) + 1;
  }

  received(from: PeerKey, message: Message, now: number): void {
    if (message.kind === 'probeReply' && message.round === this.#round) this.#replies.push({ from, reply: message });
    const { role, term } = this.#machine;
    if (message.kind === 'appendReply' && role === 'leader' && message.term === term) this.#answeredAt.set(from, now);
  }

  elected(now: number): void {
    this.#answeredAt = new Map(this.#world.scribes.map(({ storageUuid }) => [`scribe:${storageUuid}`, now]));
  }

  sending(message: Message): void {
    if (message.kind === 'probe' && message.round !== this.#round) {
      this.#round = message.round;
      this.#replies = [];
    }
    if (message.kind !== 'vote') return;
    const lower = this.#scribesThat(({ term }) => term < message.term);
    demand(lower >= this.#majority, 'term-not-from-majority', () => `${this.#name} asks for ${message.term}`);
    const covered = this.#scribesThat(({ tail }) => notBehind(message.tail, tail));
    const asks = (): string => `${this.#name} asks with ${describeId(message.tail)}`;
    demand(covered >= this.#majority, 'candidate-not-caught-up', asks);
  }

  #scribesThat(said: (reply: ProbeReply) => boolean): number {
    return new Set(this.#replies.filter(({ reply }) => said(reply)).map(({ from }) => from)).size;
  }

  /** After a tick: a leader has answers of a majority from within an election timeout, give or take a heartbeat. */
  ticked(now: number): void {
    if (this.#machine.role !== 'leader') return;
    const { electionTimeoutMaxMillis, heartbeatMillis } = this.#world.plan.worker;
    const scribes = this.#world.scribes.map(({ storageUuid }) => this.#answeredAt.get(`scribe:${storageUuid}`) ?? 0);
    const heard = scribes.sort((left, right) => right - left)[this.#majority - 1] ?? 0;
    const silent = now - heard;
    demand(
      silent <= electionTimeoutMaxMillis + heartbeatMillis,
      'leader-without-quorum',
      () => `${this.#name} leads ${silent} ms on`,
    );
  }
}
