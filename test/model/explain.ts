/** A way through the states as lines to read: who does what, and what everybody has after it. */
import { Violation } from '../sim/violation.ts';
import type { Locals } from './locals.ts';
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
  readonly #locals: Locals;
  readonly #search: Search;
  readonly #promises: Promises;

  constructor(setting: Setting, locals: Locals, search: Search, promises: Promises) {
    this.#setting = setting;
    this.#locals = locals;
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
          !(next instanceof Violation) && this.#search.canonical(next).every((local, slot) => local === wanted[slot]),
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
    return state.flatMap((local, slot) =>
      only === undefined || only === slot ? [`    ${nameOf(this.#setting.cast, slot)}: ${this.#part(local)}`] : [],
    );
  }

  #part(local: number): string {
    const { nodes } = this.#setting;
    const log = (tip: number): string =>
      nodes
        .path(tip)
        .map(({ index, term }) => `${index}@${term}`)
        .join(' ');
    const part = this.#locals.part(local);
    if (part.kind === 'scribe') {
      const { disk, pending, machine } = part;
      return `[T${disk.term} ${disk.votedFor ?? '-'}] ${log(disk.tip)} +${pending.length}, commit ${machine.commit.index}`;
    }
    const { machine, tip, applied, incarnation } = part;
    return `${incarnation} ${machine.role} T${machine.term} ${log(tip)}, applied ${nodes.idOf(applied).index}`;
  }

  #steps(state: readonly number[]): Step[] {
    const { bounds } = this.#setting;
    const locals = this.#locals;
    const mayCrash = crashesOf(this.#setting, locals, state) < bounds.crashes;
    const steps: Step[] = [];
    const add = (slot: number, what: string, next: number, sender?: readonly [number, number]): void => {
      const after = [...state];
      after[slot] = next;
      if (sender !== undefined) after[sender[0]] = sender[1];
      steps.push({ slot, what, state: next < 0 ? locals.violation(next) : this.#judged(after) });
    };
    for (const [slot, local] of state.entries()) {
      for (const { what, next } of locals.events(local, mayCrash, shownIn(this.#setting, locals, state)))
        add(slot, what, next);
      for (const [other, sender] of state.entries()) {
        if (other === slot) continue;
        for (const [next, place] of pairs(locals.deliveries(local, sender)))
          add(slot, locals.whatArrives(sender, slot, place), next, [other, locals.without(sender, slot, place)]);
      }
    }
    return steps;
  }

  #judged(state: readonly number[]): readonly number[] | Violation {
    try {
      const settled = this.#search.settled(state);
      this.#promises.checkAll(settled);
      return settled;
    } catch (error) {
      if (error instanceof Violation) return error;
      throw error;
    }
  }
}

function* pairs(flat: Int32Array): Generator<[number, number]> {
  for (let at = 0; at < flat.length; at += 2) yield [flat[at] as number, flat[at + 1] as number];
}
