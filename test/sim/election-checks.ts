/**
 * What a worker must have heard before it asks for votes or goes on leading: a vote quorum's terms and tails (R2, R5),
 * a commit quorum's answers (R8). Judged from the messages delivered to it, on its own clock.
 */
import type { Message, PeerKey, ProbeReply } from '../../src/core/messages.ts';
import type { Configuration, LoggedConfiguration } from '../../src/core/types.ts';
import { commits, elects } from './agreement.ts';
import { HeardConfigurations } from './heard-configurations.ts';
import { describeId, idOf, type LogNode, notBehind } from './log-tree.ts';
import { demand } from './violation.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

interface Told {
  readonly from: PeerKey;
  readonly reply: ProbeReply;
}

export class ElectionChecks {
  readonly #world: World;
  readonly #name: string;
  readonly #machine: WorkerHost['machine'];
  #round = 0;
  /** The request for votes judged last: made again over a new link, it is still the same. */
  #judged = '';
  /** Answers to the newest probe; a scribe asked again over a new link answers twice. */
  #replies: Told[] = [];
  /** What scribes told unasked when a leader's link closed (R9), and when that was heard. */
  #unasked: (Told & { readonly at: number })[] = [];
  /** What they told of configurations by the time it asked for votes; what comes later may be left out. */
  #probed: readonly LoggedConfiguration[] = [];
  /** When each scribe last answered this leader, from its election on. */
  #answeredAt = new Map<PeerKey, number>();
  #electedAt = 0;
  /** When the configuration that is counted by came into force. */
  #configuredAt = { index: 0, at: 0 };

  readonly #heard: HeardConfigurations;

  constructor(world: World, name: string, machine: WorkerHost['machine'], contact: LoggedConfiguration) {
    this.#heard = new HeardConfigurations(contact);
    this.#world = world;
    this.#name = name;
    this.#machine = machine;
  }

  received(from: PeerKey, message: Message, now: number): void {
    if (message.kind === 'probeReply') this.#heard.hear(message.tail, message.configuration);
    if (message.kind === 'leaderGone') {
      this.#heard.hear(message.answer.tail, message.answer.configuration);
      this.#unasked.push({ from, reply: message.answer, at: now });
    }
    if (message.kind === 'configurationNotice') {
      const { configuration, term: leading } = message;
      this.#heard.hear({ index: configuration.id.index, term: leading }, configuration);
    }
    if (message.kind === 'probeReply' && message.round === this.#round) this.#replies.push({ from, reply: message });
    const { role, term } = this.#machine;
    if (message.kind === 'appendReply' && role === 'leader' && message.term === term) this.#answeredAt.set(from, now);
  }

  /** An attempt begins: answers to an earlier one's probe are none of its own. */
  stood(): void {
    this.#replies = [];
  }

  elected(now: number): void {
    this.#answeredAt = new Map();
    this.#electedAt = now;
    this.#configuredAt = { index: this.#led().index, at: now };
  }

  /** By the answers of a commit quorum in whose terms it may lead. */
  resumed(): void {
    const { term } = this.#machine;
    const may = commits(
      this.#led().configuration,
      saying(this.#replies, (reply) => reply.term <= term),
    );
    demand(may, 'resumed-without-quorum', () => `${this.#name} leads on in term ${term}`);
  }

  sending(message: Message, now: number): void {
    if (message.kind === 'probe' && message.round !== this.#round) {
      this.#round = message.round;
      this.#replies = [];
    }
    if (message.kind !== 'vote' && message.kind !== 'transferVote') return;
    const request = `${this.#round} T${message.term}`;
    if (this.#judged === request) return;
    this.#judged = request;
    // As old as an answer to a probe may be by then: votes may be asked for once more before the attempt ends, where a link stands only then.
    this.#unasked = this.#unasked.filter(({ at }) => now - at < 2 * this.#world.plan.worker.electionTimeoutMinMillis);
    const told = [...this.#replies, ...this.#unasked];
    this.#probed = told.map(({ reply }) => reply.configuration);
    const sets = this.#heard.inForce(this.#world.tree.endingAt(this.#machine.tail) ?? null, this.#probed);
    const byQuorum = (what: (reply: ProbeReply) => boolean): boolean =>
      sets.some((configuration) => elects(configuration, saying(told, what)));
    const lower = byQuorum(({ term }) => term < message.term);
    demand(lower, 'term-not-from-majority', () => `${this.#name} asks for ${message.term}`);
    const covered = byQuorum(({ tail }) => notBehind(message.tail, tail));
    demand(covered, 'candidate-not-caught-up', () => `${this.#name} asks with ${describeId(message.tail)}`);
  }

  /** By which configurations it may count votes with a log that ends at `tip`. */
  inForce(tip: LogNode | null): readonly Configuration[] {
    return this.#heard.inForce(tip, []);
  }

  /** The configuration of the log that it leads with, and where that stands: a leader goes by nothing else. */
  #led(): { readonly index: number; readonly configuration: Configuration } {
    const configured = this.#world.rules.leaderOf(this.#machine.term)?.tip?.configured ?? null;
    const configuration = configured?.batch.configuration ?? { scribes: [] };
    return { index: idOf(configured).index, configuration };
  }

  /** After a tick: a leader has answers of a commit quorum from within an election timeout, give or take a heartbeat. */
  ticked(now: number): void {
    if (this.#machine.role !== 'leader') return;
    const { electionTimeoutMaxMillis, heartbeatMillis } = this.#world.plan.worker;
    const { index, configuration } = this.#led();
    if (this.#configuredAt.index !== index) this.#configuredAt = { index, at: now };
    // A newcomer's time runs from when it became one.
    const since = Math.max(this.#electedAt, this.#configuredAt.at);
    const most = electionTimeoutMaxMillis + heartbeatMillis;
    const heard = (uuid: string): boolean => now - (this.#answeredAt.get(`scribe:${uuid}`) ?? since) <= most;
    demand(commits(configuration, heard), 'leader-without-quorum', () => `${this.#name} leads on`);
  }
}

function saying(told: readonly Told[], what: (reply: ProbeReply) => boolean): (storageUuid: string) => boolean {
  const keys = new Set(told.filter(({ reply }) => what(reply)).map(({ from }) => from));
  return (storageUuid) => keys.has(`scribe:${storageUuid}`);
}
