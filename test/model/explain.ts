/** A way through the states as lines to read: who does what, and what everybody has after it. */
import { Violation } from '../sim/violation.ts';
import type { Outcome } from './bodies.ts';
import type { MoveTable } from './moves.ts';
import { nameOf } from './names.ts';
import type { Promises } from './promises.ts';
import { crashesOf, type Search, shownIn } from './search.ts';
import type { Setting } from './setting.ts';

export const MODEL_LEGEND = `legend: Sa, Sb … scribes · Wx, Wy workers, Wx0 the first process of Wx · A <- B: A hears from B · i@t the entry i of term t
        scribe: [disk's term and vote] log, +n writes under way · worker: role, term, log, applied`;

interface Step {
  readonly slot: number;
  readonly what: string;
  readonly state: readonly number[] | Violation;
}

export class Explain {
  readonly #setting: Setting;
  readonly #table: MoveTable;
  readonly #search: Search;
  readonly #promises: Promises;

  constructor(setting: Setting, table: MoveTable, search: Search, promises: Promises) {
    this.#setting = setting;
    this.#table = table;
    this.#search = search;
    this.#promises = promises;
  }

  /** `path`: states as the search keeps them, where names may have been exchanged between one and the next. */
  lines(start: readonly number[], path: readonly (readonly number[])[]): string[] {
    const lines = [MODEL_LEGEND, ...this.#describe(start)];
    let state = this.#judged(start);
    for (const wanted of path.slice(1)) {
      if (state instanceof Violation) break;
      const step = this.#steps(state).find(
        ({ state: next }) =>
          !(next instanceof Violation) && this.#search.canonical(next).every((number, at) => number === wanted[at]),
      );
      if (step === undefined || step.state instanceof Violation) break; // the last one breaks a promise
      lines.push(this.#say(step), ...this.#describe(step.state, step.slot));
      state = step.state;
    }
    if (state instanceof Violation) return lines;
    const broken = this.#steps(state).find(({ state: next }) => next instanceof Violation);
    if (broken?.state instanceof Violation) lines.push(this.#say(broken), `    ${broken.state.message}`);
    return lines;
  }

  #say({ slot, what }: Step): string {
    return `${nameOf(this.#setting.cast, slot)} ${what}`;
  }

  #describe(state: readonly number[], only?: number): string[] {
    return state
      .slice(0, this.#setting.slots)
      .flatMap((body, slot) =>
        only === undefined || only === slot ? [`    ${nameOf(this.#setting.cast, slot)}: ${this.#part(body)}`] : [],
      );
  }

  #part(body: number): string {
    const { nodes } = this.#setting;
    const log = (tip: number): string =>
      nodes
        .path(tip)
        .map(({ index, term }) => `${index}@${term}`)
        .join(' ');
    const part = this.#table.bodies.part(body);
    if (part.kind === 'scribe') {
      const { disk, pending, machine } = part;
      return `[T${disk.term} ${disk.votedFor ?? '-'}] ${log(disk.tip)} +${pending.length}, commit ${machine.commit.index}`;
    }
    const { machine, tip, applied, incarnation } = part;
    return `${incarnation} ${machine.role} T${machine.term} ${log(tip)}, applied ${nodes.idOf(applied).index}`;
  }

  #steps(state: readonly number[]): Step[] {
    const { bounds, slots } = this.#setting;
    const { bodies } = this.#table;
    const mayCrash = crashesOf(this.#table, state, slots) < bounds.crashes;
    const floor = shownIn(this.#setting, this.#table, state);
    const steps: Step[] = [];
    for (const [slot, body] of state.slice(0, slots).entries()) {
      const outcomes: Outcome[] = [...bodies.own(body), ...bodies.read(body, floor)];
      if (mayCrash) outcomes.push(...bodies.crashed(body));
      outcomes.push(...this.#heard(state, slot, body), ...this.#counted(state, slot, body, floor, [], new Set([body])));
      for (const outcome of outcomes) steps.push(this.#step(state, slot, outcome));
    }
    return steps;
  }

  #heard(state: readonly number[], slot: number, body: number): Outcome[] {
    const { bodies, said } = this.#table;
    const others = state.slice(this.#setting.slots).filter((_, other) => other !== slot);
    return others.flatMap((set) => said.letters(said.to(set, slot)).flatMap((letter) => bodies.deliver(body, letter)));
  }

  /** What comes of several answers, counted in one go. */
  #counted(
    state: readonly number[],
    slot: number,
    body: number,
    floor: number,
    told: string[],
    seen: Set<number>,
  ): Outcome[] {
    const { bodies } = this.#table;
    const own = bodies.leads(body) ? [...bodies.own(body), ...bodies.read(body, floor)] : [];
    return [...own, ...this.#heard(state, slot, body)].flatMap((outcome) => {
      if (outcome instanceof Violation) return told.length > 0 ? [outcome] : [];
      const what = [...told, outcome.what];
      const isCount = outcome.letters.length === 0 && bodies.countsOn(body, outcome.body);
      if (!isCount) return told.length > 0 ? [{ ...outcome, what: what.join(', ') }] : [];
      if (seen.size === seen.add(outcome.body).size) return [];
      return this.#counted(state, slot, outcome.body, floor, what, seen);
    });
  }

  #step(state: readonly number[], slot: number, outcome: Outcome): Step {
    if (outcome instanceof Violation) return { slot, what: `breaks ${outcome.message}`, state: outcome };
    const { said } = this.#table;
    const after = [...state];
    const place = this.#setting.slots + slot;
    after[slot] = outcome.body;
    after[place] = said.union(after[place] as number, said.enter(outcome.letters));
    return { slot, what: outcome.what, state: this.#judged(after) };
  }

  #judged(state: readonly number[]): readonly number[] | Violation {
    try {
      const answered = this.#search.answered(state);
      this.#promises.checkAll(answered);
      return answered;
    } catch (error) {
      if (error instanceof Violation) return error;
      throw error;
    }
  }
}
