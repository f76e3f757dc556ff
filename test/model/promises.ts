/**
 * What must hold in every state of the whole (the invariants of docs/testing.md), worked out from disks and histories alone. An
 * entry is chosen once a commit quorum has accepted it: appended it durably while the disk's term was the entry's. Chosen is for ever,
 * because what was accepted is remembered across crashes and truncations. Shares no code with the core.
 */
import { commits, elects } from '../sim/agreement.ts';
import { demand } from '../sim/violation.ts';
import type { Bodies } from './bodies.ts';
import { nameOf } from './names.ts';
import type { ScribePart } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { textOf } from './snapshot.ts';
import { Tuples } from './tuples.ts';
import type { Leadership, WorkerPart } from './worker-part.ts';

export class Promises {
  readonly #setting: Setting;
  readonly #bodies: Bodies;
  /** Pairs of logs known to agree: wherever both have an entry of one term at one index, it is the same. */
  readonly #matching = new Map<number, boolean>();
  /** The node that `init` wrote, chosen from the start. */
  readonly #first: number;

  /** By body: a number for what the promises look at in it. */
  readonly #views: number[] = [];
  readonly #viewsByText = new Map<string, number>();
  /** What has been looked at already. */
  readonly #seen: Tuples;
  readonly #view: Int32Array;

  constructor(setting: Setting, bodies: Bodies, first: number) {
    this.#setting = setting;
    this.#bodies = bodies;
    this.#first = first;
    this.#seen = new Tuples(setting.slots);
    this.#view = new Int32Array(setting.slots);
  }

  /** `state`: a body for each slot, and what does not matter here. Most differ from an earlier one only in what no promise is about. */
  check(state: ArrayLike<number>): void {
    for (let slot = 0; slot < this.#setting.slots; slot++) {
      const body = state[slot] as number;
      this.#view[slot] = this.#views[body] ?? this.#viewOf(body);
    }
    const { count } = this.#seen;
    if (this.#seen.enter(this.#view) === count) this.checkAll(state);
  }

  /** Of every state that was checked, what there is to check. */
  views(): ReadonlySet<string> {
    const texts = [...this.#viewsByText.keys()];
    const views = new Set<string>();
    for (let at = 0; at < this.#seen.count; at++) {
      this.#seen.read(at, this.#view);
      views.add([...this.#view].map((view) => texts[view]).join(' | '));
    }
    return views;
  }

  #viewOf(body: number): number {
    const part = this.#bodies.part(body);
    const own =
      part.kind === 'scribe'
        ? [part.tip, part.disk, part.machine.commit, part.accepted, part.votes, part.acknowledged]
        : [part.tip, part.applied, part.leaderships];
    const text = textOf(own, { now: 0, durableWrite: 0, nameOf: this.#setting.nameOf });
    const view = this.#viewsByText.get(text) ?? this.#viewsByText.size;
    this.#viewsByText.set(text, view);
    this.#views[body] = view;
    return view;
  }

  checkAll(state: ArrayLike<number>): void {
    const { scribes: count } = this.#setting.cast;
    const scribes: ScribePart[] = [];
    const workers: WorkerPart[] = [];
    for (let slot = 0; slot < this.#setting.slots; slot++) {
      const part = this.#bodies.part(state[slot] as number);
      if (slot < count) scribes.push(part as ScribePart);
      else workers.push(part as WorkerPart);
    }
    const leaders = workers.flatMap(({ leaderships }) => leaderships);
    this.#oneLeader(leaders, scribes);
    this.#logsMatch(scribes, workers);
    const chosen = this.#chosen(scribes, leaders);
    for (const { term, inherited } of leaders) {
      for (const [chosenIn, node] of chosen) {
        const has = chosenIn >= term || this.#setting.nodes.contains(inherited, node);
        demand(has, 'leader-lacks-committed', () => `term ${term} began without what term ${chosenIn} chose`);
      }
    }
    this.#committed(scribes, workers, chosen);
    for (const { acknowledged } of scribes) {
      for (const [term, node] of acknowledged) {
        const leader = leaders.find((each) => each.term === term);
        const isLeaders = leader !== undefined && this.#setting.nodes.contains(leader.tip, node);
        demand(isLeaders, 'acknowledged-not-leaders', () => `in term ${term}`);
      }
    }
  }

  #oneLeader(leaders: readonly Leadership[], scribes: readonly ScribePart[]): void {
    const { nodes, cast } = this.#setting;
    for (const { term, incarnation, inherited } of leaders) {
      for (const other of leaders) {
        demand(
          other.term !== term || other.incarnation === incarnation,
          'one-leader-per-term',
          () => `${incarnation} and ${other.incarnation} in term ${term}`,
        );
      }
      const voted = (uuid: string): boolean =>
        scribes.some(({ votes }, slot) => nameOf(cast, slot) === uuid && votes.get(term) === incarnation);
      const logs = [inherited, ...leaders.map(({ tip }) => tip)];
      const since = nodes.at(inherited).configured;
      const elected = logs.some((tip) => nodes.configurationsSince(since, tip).some((set) => elects(set, voted)));
      demand(elected, 'leader-without-votes', () => `${incarnation} in term ${term}`);
    }
  }

  #logsMatch(scribes: readonly ScribePart[], workers: readonly WorkerPart[]): void {
    const tips = new Set<number>();
    for (const { tip, disk } of scribes) tips.add(tip).add(disk.tip);
    for (const { tip, leaderships } of workers) {
      tips.add(tip);
      for (const { tip: led } of leaderships) tips.add(led);
    }
    const all = [...tips];
    for (const [at, left] of all.entries()) {
      for (let other = at + 1; other < all.length; other++) {
        demand(this.#match(left, all[other] as number), 'log-matching', () => `logs ${left} and ${all[other]}`);
      }
    }
  }

  #match(left: number, right: number): boolean {
    const key = left * 2 ** 20 + right;
    let match = this.#matching.get(key);
    if (match === undefined) {
      const { nodes } = this.#setting;
      match = nodes.path(left).every(({ number, index, term }) => {
        const other = nodes.covering(right, index);
        return other === 0 || other === number || nodes.at(other).term !== term;
      });
      this.#matching.set(key, match);
    }
    return match;
  }

  /** By the term it was chosen in: the highest chosen node. They lie on one path. */
  #chosen(scribes: readonly ScribePart[], leaders: readonly Leadership[]): readonly (readonly [number, number])[] {
    const { nodes, cast } = this.#setting;
    const chosen: [number, number][] = [[nodes.at(this.#first).term, this.#first]];
    const terms = new Set(scribes.flatMap(({ accepted }) => [...accepted.keys()]));
    for (const term of terms) {
      let best = 0;
      const tip = leaders.find((each) => each.term === term)?.tip;
      for (const { accepted } of scribes) {
        const node = accepted.get(term);
        if (node === undefined || (best !== 0 && nodes.at(node).index <= nodes.at(best).index)) continue;
        const accepts = (uuid: string): boolean =>
          scribes.some(({ accepted: theirs }, slot) => {
            const other = theirs.get(term);
            return nameOf(cast, slot) === uuid && other !== undefined && nodes.at(other).index >= nodes.at(node).index;
          });
        if (nodes.configurationsSince(node, tip ?? node).some((set) => commits(set, accepts))) best = node;
      }
      if (best !== 0) chosen.push([term, best]);
    }
    for (const [, one] of chosen) {
      for (const [, other] of chosen) {
        const isOnePath = nodes.contains(one, other) || nodes.contains(other, one);
        demand(isOnePath, 'committed-entry-lost', () => `both ${one} and ${other} were chosen`);
      }
    }
    return chosen;
  }

  /** Nobody calls committed, or applies, what the disks do not bear out. */
  #committed(
    scribes: readonly ScribePart[],
    workers: readonly WorkerPart[],
    chosen: readonly (readonly [number, number])[],
  ): void {
    const { nodes } = this.#setting;
    const isChosen = (node: number): boolean => chosen.some(([, tip]) => nodes.contains(tip, node));
    for (const { disk, machine } of scribes) {
      demand(isChosen(disk.commit), 'commit-not-chosen', () => `a scribe's hint ${disk.commit}`);
      const { index, term } = machine.commit;
      const held =
        index === 0 ||
        chosen.some(([, tip]) => {
          const node = nodes.covering(tip, index);
          return node !== 0 && nodes.at(node).term === term;
        });
      demand(held, 'commit-not-chosen', () => `a scribe says ${index}@${term}`);
    }
    for (const { applied } of workers) {
      demand(isChosen(applied), 'applied-not-chosen', () => `node ${applied}`);
    }
  }
}
