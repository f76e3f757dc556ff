/**
 * What a worker may say, hold and apply: it leads only a term that is its own, its log is one some leader built, it sends
 * only its own log, and it hands out exactly the committed log, in order, once.
 */
import type { WorkerEffects } from '../../src/core/effects.ts';
import type { Append, Message } from '../../src/core/messages.ts';
import type { Batch, Configuration, EntryId } from '../../src/core/types.ts';
import { isSafe } from './agreement.ts';
import type { ElectionChecks } from './election-checks.ts';
import { covering, describeId, idOf, isBelow, type LogNode } from './log-tree.ts';
import { demand } from './violation.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

/** What the runtime follows through `changed`: it would miss a change that is not announced. */
interface Announced {
  readonly role: string;
  readonly term: number;
  readonly leader: string;
  readonly awaitsLeader: boolean;
  readonly configuration: EntryId;
}

export class WorkerChecks {
  readonly #world: World;
  readonly #name: string;
  readonly #incarnation: string;
  readonly #machine: WorkerHost['machine'];
  #announced: Announced;
  #handedOut: LogNode | null = null;
  #commit = 0;
  readonly #elections: ElectionChecks;
  /** The no-op the machine had encoded in this step. */
  #noop: Batch | null = null;
  /** The configuration it had encoded in this step. */
  #configured: Batch | null = null;

  constructor(
    world: World,
    name: string,
    incarnation: string,
    machine: WorkerHost['machine'],
    elections: ElectionChecks,
  ) {
    this.#elections = elections;
    this.#world = world;
    this.#name = name;
    this.#incarnation = incarnation;
    this.#machine = machine;
    this.#announced = this.#announcement();
  }

  encodedNoop(batch: Batch): void {
    this.#noop = batch;
  }

  encodedConfiguration(batch: Batch): void {
    this.#configured = batch;
  }

  /** `before` is the tail before the step; a `proposed` batch was handed in by it. Returns whether that was taken. */
  stepped(
    effects: WorkerEffects,
    before: EntryId,
    proposed: { batch: Batch; commands: readonly number[] } | null,
  ): boolean {
    const { rules } = this.#world;
    const { role, term, tail } = this.#machine;
    if (this.#noop !== null) this.#opensTerm(this.#noop, before);
    this.#noop = null;
    const taken =
      proposed !== null &&
      tail.index === proposed.batch.firstIndex + proposed.batch.count - 1 &&
      tail.term === proposed.batch.term;
    if (taken) this.#grows(proposed.batch, before, proposed.commands);
    if (this.#configured !== null) this.#reconfigures(this.#configured);
    this.#configured = null;
    const tip = this.#tip();
    if (role === 'leader') {
      const { tip: led } = rules.leads(term, this.#incarnation);
      demand(led === tip, 'leader-rewrites-log', () => `${this.#name} ends at ${describeId(tail)}`);
    }
    demand(
      !this.#machine.canPropose || role === 'leader',
      'one-leader-per-term',
      () => `${this.#name} would propose as ${role}`,
    );
    this.#handsOut(effects);
    this.#announces(effects.changed);
    return taken;
  }

  #opensTerm(noop: Batch, before: EntryId): void {
    if (this.#machine.role !== 'leader' || this.#machine.term !== noop.term) return;
    const inherited = this.#world.tree.endingAt(before);
    demand(inherited !== undefined, 'invented-batch', () => `${this.#name} leads from ${describeId(before)}`);
    const { rules } = this.#world;
    if (rules.leaderOf(noop.term)?.incarnation === this.#incarnation) {
      this.#world.reach('leader resumes');
      rules.resumed(noop.term, this.#incarnation, inherited);
      this.#elections.resumed();
    } else rules.elected(noop.term, this.#incarnation, inherited, this.#elections.inForce(inherited));
    this.#grows(noop, before, []);
  }

  /** One change at a time, each step after the one before is committed, the first after the term's no-op (Raft §6). */
  #reconfigures(batch: Batch): void {
    const leader = this.#world.rules.leads(batch.term, this.#incarnation);
    const before = leader.tip?.configured ?? null;
    const { ghost } = this.#world.rules;
    const settled = before !== null && ghost.holds(before) && ghost.chosenIn.includes(batch.term);
    demand(
      settled,
      'change-before-commit',
      () => `${this.#name} appends ${describeId({ index: batch.firstIndex, term: batch.term })}`,
    );
    const { outgoing, target, ...now } = batch.configuration as Configuration;
    for (const set of [now, outgoing, target]) {
      demand(set === undefined || isSafe(set), 'unsafe-quorums', () => `${this.#name} appends ${JSON.stringify(set)}`);
    }
    this.#grows(batch, idOf(leader.tip), []);
    this.#world.rules.reconfigured(leader);
  }

  #grows(batch: Batch, before: EntryId, commands: readonly number[]): void {
    const leader = this.#world.rules.leads(batch.term, this.#incarnation);
    const under = this.#world.tree.endingAt(before);
    demand(under === leader.tip, 'leader-rewrites-log', () => `${this.#name} appends after ${describeId(before)}`);
    leader.tip = this.#world.tree.grow(batch, leader.tip, commands);
  }

  #tip(): LogNode | null {
    const { tail } = this.#machine;
    const tip = this.#world.tree.endingAt(tail);
    demand(tip !== undefined, 'invented-batch', () => `${this.#name} ends at ${describeId(tail)}`);
    return tip;
  }

  /** In order, once, and only what the disks say is committed (R17). */
  #handsOut({ commits, truncatedFrom }: WorkerEffects): void {
    const { commit } = this.#machine;
    const handed = idOf(this.#handedOut).index;
    demand(
      truncatedFrom === null || truncatedFrom > handed,
      'applied-truncated',
      () => `${this.#name} from ${truncatedFrom}, applied ${handed}`,
    );
    demand(commit >= this.#commit, 'commit-goes-back', () => `${this.#name} ${this.#commit} to ${commit}`);
    this.#commit = commit;
    this.#world.rules.committed(commit, () => this.#name);
    for (const batch of commits) {
      const node = this.#world.tree.find(batch, `applied by ${this.#name}`);
      const next = node.previous === this.#handedOut;
      demand(
        next,
        'apply-order',
        () => `${this.#name} applies ${describeId(idOf(node))} after ${describeId(idOf(this.#handedOut))}`,
      );
      demand(
        this.#world.rules.ghost.holds(node),
        'applied-not-chosen',
        () => `${this.#name} applies ${describeId(idOf(node))}`,
      );
      this.#handedOut = node;
    }
  }

  #announces(changed: boolean): void {
    const now = this.#announcement();
    const was = this.#announced;
    const same =
      !(was.awaitsLeader && !now.awaitsLeader) &&
      now.role === was.role &&
      now.term === was.term &&
      now.leader === was.leader &&
      now.configuration.index === was.configuration.index &&
      now.configuration.term === was.configuration.term;
    demand(
      changed || same,
      'change-not-announced',
      () => `${this.#name}: ${JSON.stringify(was)} to ${JSON.stringify(now)}`,
    );
    this.#announced = now;
  }

  #announcement(): Announced {
    const { role, term, leader, configuration, awaitsLeader } = this.#machine;
    const known = `${leader?.identity.incarnation} ${leader?.term}`;
    return { role, term, leader: known, awaitsLeader, configuration: configuration.id };
  }

  sending(message: Message): void {
    if (message.kind === 'append') this.#append(message);
    if (message.kind === 'fetch') {
      const { tip } = this.#world.rules.leads(message.term, this.#incarnation);
      this.#world.rules.committed(message.upTo.index, () => this.#name);
      const held = covering(tip, message.upTo.index);
      demand(
        held?.term === message.upTo.term,
        'sent-not-own',
        () => `${this.#name} fetch up to ${describeId(message.upTo)}`,
      );
    }
  }

  /** A leader sends pieces of its own log, each under the one before, and a commit index the disks bear out. */
  #append(message: Append): void {
    const leader = this.#world.rules.leads(message.term, this.#incarnation);
    this.#world.rules.committed(message.commit, () => this.#name);
    let under = message.prev;
    const holds = under.index === 0 || covering(leader.tip, under.index)?.term === under.term;
    demand(holds, 'sent-not-own', () => `${this.#name} append after ${describeId(under)}`);
    for (const batch of message.batches) {
      const node = this.#world.tree.find(batch, `sent by ${this.#name}`);
      const before = idOf(node.previous);
      const chained = before.index === under.index && before.term === under.term && isBelow(node, leader.tip);
      demand(chained, 'sent-not-own', () => `${this.#name} sends ${describeId(idOf(node))} after ${describeId(under)}`);
      under = idOf(node);
    }
  }
}
