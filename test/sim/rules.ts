/**
 * Promises about the cluster as a whole, over the entire history of a run: one leader per term, every leader has what was
 * chosen before its term, nobody calls committed what the disks do not bear out. Shares no code with the core.
 */
import type { Configuration } from '../../src/core/types.ts';
import { elects } from './agreement.ts';
import type { Ghost } from './ghost.ts';
import { covering, describeId, idOf, isBelow, type LogNode, notBehind } from './log-tree.ts';
import { demand } from './violation.ts';

interface Leadership {
  readonly term: number;
  readonly incarnation: string;
  /** End of the leader's log when it was elected, before its no-op. */
  readonly inherited: LogNode | null;
  tip: LogNode | null;
}

export class Rules {
  readonly ghost: Ghost;
  readonly #leaders = new Map<number, Leadership>();
  /** Votes said, by term and scribe: to whom, and where the scribe's log ended. */
  readonly #grants = new Map<number, Map<string, { readonly incarnation: string; readonly tip: LogNode | null }>>();

  constructor(ghost: Ghost) {
    this.ghost = ghost;
  }

  get elections(): number {
    return this.#leaders.size;
  }

  leaderOf(term: number): Leadership | undefined {
    return this.#leaders.get(term);
  }

  /** `inForce`: the configurations by one of which it had to be elected. */
  elected(term: number, incarnation: string, inherited: LogNode | null, inForce: readonly Configuration[]): void {
    const other = this.#leaders.get(term);
    demand(
      other === undefined,
      'one-leader-per-term',
      () => `${incarnation} and ${other?.incarnation} in term ${term}`,
    );
    const leader = { term, incarnation, inherited, tip: inherited };
    this.#leaders.set(term, leader);
    this.#complete(leader, this.ghost.nodes.length - 1);
    const grants = this.#grants.get(term);
    const voted = (uuid: string): boolean => {
      const grant = grants?.get(uuid);
      return grant?.incarnation === incarnation && notBehind(idOf(inherited), idOf(grant.tip));
    };
    const who = (): string => `${incarnation} leads term ${term} from ${describeId(idOf(inherited))}`;
    const elected = inForce.some((configuration) => elects(configuration, voted));
    demand(elected, 'leader-without-votes', who);
  }

  /** A leader that was suspended leads on in its term, from where its log ended then (R8). */
  resumed(term: number, incarnation: string, from: LogNode | null): void {
    const { tip } = this.leads(term, incarnation);
    const who = (): string => `${incarnation} leads on in term ${term} from ${describeId(idOf(from))}`;
    demand(tip === from, 'leader-rewrites-log', who);
  }

  /** A worker acts as the leader of a term: it must be the one. */
  leads(term: number, incarnation: string): Leadership {
    const leader = this.#leaders.get(term);
    demand(
      leader?.incarnation === incarnation,
      'one-leader-per-term',
      () => `${incarnation} acts as leader of term ${term}`,
    );
    return leader;
  }

  granted(storageUuid: string, term: number, incarnation: string, tip: LogNode | null): void {
    const inTerm = this.#grants.get(term) ?? new Map();
    this.#grants.set(term, inTerm);
    const before = inTerm.get(storageUuid);
    const once = before === undefined || before.incarnation === incarnation;
    demand(once, 'two-votes-in-a-term', () => `${storageUuid} in term ${term}`);
    if (before === undefined) inTerm.set(storageUuid, { incarnation, tip });
  }

  /** An append became durable on a scribe whose durable term is the entry's. */
  accepted(storageUuid: string, node: LogNode): void {
    const known = this.ghost.nodes.length;
    if (this.ghost.accepted(storageUuid, node, this.#leaders.get(node.term)?.tip ?? node)) this.#completeAll(known);
  }

  /** A leader appended a configuration: what a majority of it holds is chosen from now on. */
  reconfigured(leader: Leadership): void {
    const known = this.ghost.nodes.length;
    if (leader.tip !== null && this.ghost.consider(leader.term, leader.tip)) this.#completeAll(known);
  }

  #completeAll(known: number): void {
    for (const leader of this.#leaders.values()) {
      if (leader.term > (this.ghost.chosenIn[known] as number)) this.#complete(leader, this.ghost.nodes.length - 1);
    }
  }

  /** Leader completeness: what was chosen in an earlier term, up to this place of the committed log, is in the leader's log. */
  #complete(leader: Leadership, newest: number): void {
    let at = newest;
    while (at >= 0 && (this.ghost.chosenIn[at] as number) >= leader.term) at--;
    const node = this.ghost.nodes[at];
    if (node === undefined) return;
    demand(
      isBelow(node, leader.inherited),
      'leader-lacks-committed',
      () => `term ${leader.term} began at ${describeId(idOf(leader.inherited))} without ${describeId(idOf(node))}`,
    );
  }

  /** Somebody says that everything up to `index` is committed. */
  committed(index: number, who: () => string): void {
    demand(
      index <= this.ghost.tip.lastIndex,
      'commit-not-chosen',
      () => `${who()} says ${index}, the disks ${this.ghost.tip.lastIndex}`,
    );
  }

  /** Somebody says that exactly this entry is committed. */
  committedEntry(index: number, term: number, who: () => string): void {
    if (index === 0) return;
    this.committed(index, who);
    const node = covering(this.ghost.tip, index);
    demand(node?.term === term, 'commit-not-chosen', () => `${who()} says ${describeId({ index, term })}`);
  }
}
