/**
 * The states that single slots can be in but for the letters they have under way, one number for equal ones, and what each
 * event makes of them: another body, and letters. So the machines run only once for each pair of a body and an event, in however
 * many states of the whole it occurs. All exchanges of names of a body are entered together.
 */
import { Violation } from '../sim/violation.ts';
import { receiveAtWorkerCovering, receiveCovering } from './covering.ts';
import { withoutCount } from './forget.ts';
import { type Exchange, exchanges } from './names.ts';
import { crashScribe, flush, lapse, readDone, receive, type ScribePart, textOfScribe } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { copy } from './snapshot.ts';
import { Table } from './table.ts';
import {
  crashWorker,
  propose,
  read,
  receiveAtWorker,
  standsFor,
  textOfWorker,
  tick,
  type WorkerPart,
} from './worker-part.ts';

export type Part = ScribePart | WorkerPart;

/** What an event leads to within the bounds. */
export type Outcome = { readonly body: number; readonly letters: readonly number[]; readonly what: string } | Violation;

interface Body {
  readonly slot: number;
  readonly part: Part;
  readonly received: Map<number, readonly Outcome[]>;
  own: readonly Outcome[] | null;
  crashed: readonly Outcome[] | null;
  readonly read: Map<number, readonly Outcome[]>;
}

export class Bodies {
  /** Events that led out of the bounds. */
  cut = 0;
  readonly exchanges: readonly Exchange[];
  readonly #setting: Setting;
  readonly #members: number;
  readonly #all: Body[] = [];
  readonly #byText = new Map<string, number>();
  readonly #shells: string[] = [];
  /** By body and exchange: what the exchange makes of it. */
  readonly #renamed: Table;
  /** Position of the exchange that does one after the other. */
  readonly #composed: readonly (readonly number[])[];

  constructor(setting: Setting, members: number, alike: number) {
    this.#setting = setting;
    this.#members = members;
    this.exchanges = exchanges(setting.cast, alike);
    this.#renamed = new Table(this.exchanges.length);
    const place = new Map(this.exchanges.map(({ slots }, at) => [slots.join(), at]));
    this.#composed = this.exchanges.map(({ slots: second }) =>
      this.exchanges.map(({ slots: first }) => place.get(first.map((slot) => second[slot]).join()) as number),
    );
  }

  get count(): number {
    return this.#all.length;
  }

  part(body: number): Part {
    return this.#at(body).part;
  }

  slot(body: number): number {
    return this.#at(body).slot;
  }

  renamed(body: number, exchange: number): number {
    return this.#renamed.get(body, exchange);
  }

  /** The exchange that does `first`, then `second`. */
  composed(second: number, first: number): number {
    return (this.#composed[second] as readonly number[])[first] as number;
  }

  #at(body: number): Body {
    return this.#all[body] as Body;
  }

  enter(slot: number, part: Part): number {
    const known = this.#byText.get(this.#textOf(slot, part));
    if (known !== undefined) return known;
    const orbit = this.exchanges.map(({ slots, rename }, at) =>
      at === 0 ? this.#add(slot, part) : this.#add(slots[slot] as number, copy(part, rename)),
    );
    for (const [first, body] of orbit.entries()) {
      for (const [second, row] of this.#composed.entries())
        this.#renamed.put(body, second, orbit[row[first] as number] as number);
    }
    return orbit[0] as number;
  }

  #textOf(slot: number, part: Part): string {
    const text = part.kind === 'scribe' ? textOfScribe(this.#setting, part) : textOfWorker(this.#setting, part);
    return `${slot}${text}`;
  }

  #add(slot: number, part: Part): number {
    const text = this.#textOf(slot, part);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#byText.set(text, this.#all.length);
    this.#all.push({ slot, part, received: new Map(), own: null, crashed: null, read: new Map() });
    return this.#all.length - 1;
  }

  /** What a letter can make of a body. */
  deliver(receiver: number, letter: number): readonly Outcome[] {
    const { received, slot, part } = this.#at(receiver);
    let outcomes = received.get(letter);
    if (outcomes === undefined) {
      const setting = this.#setting;
      const content = setting.letters.at(letter);
      const what = setting.letters.describe(letter);
      outcomes = this.#outcomesOf(receiver, what, () => {
        if (part.kind === 'worker')
          return (setting.bounds.covering === 'more' ? receiveAtWorkerCovering : receiveAtWorker)(
            setting,
            part,
            content,
          );
        return setting.bounds.covering !== 'none'
          ? receiveCovering(setting, slot, part, content)
          : receive(setting, slot, part, content);
      });
      received.set(letter, outcomes);
    }
    return outcomes;
  }

  /** Whether `next` differs from `body` in nothing but the answers counted so far: to its probe, its request for votes, or as a leader. */
  countsOn(body: number, next: number): boolean {
    return this.#shellOf(body) === this.#shellOf(next);
  }

  /** `leader`: a process in that slot has led. */
  kind(body: number): 'scribe' | 'leader' | 'learner' {
    const { part } = this.#at(body);
    if (part.kind === 'scribe') return 'scribe';
    return part.leaderships.length > 0 ? 'leader' : 'learner';
  }

  leads(body: number): boolean {
    const { part } = this.#at(body);
    return part.kind === 'worker' && part.machine._leadership !== null;
  }

  #shellOf(body: number): string {
    const { slot, part } = this.#at(body);
    this.#shells[body] ??= part.kind === 'scribe' ? `${body}` : this.#textOf(slot, withoutCount(part));
    return this.#shells[body];
  }

  /** What happens in the slot without a letter, crashes and reads aside. */
  own(body: number): readonly Outcome[] {
    const entry = this.#at(body);
    const { slot, part } = entry;
    const setting = this.#setting;
    entry.own ??= this.#outcomes(
      body,
      part.kind === 'scribe'
        ? {
            'its disk completes': () => flush(setting, slot, part),
            'its leader counts as live no more': () =>
              setting.bounds.covering === 'none' ? lapse(setting, slot, part) : null,
            'its disk answers a read': () => readDone(setting, slot, part),
          }
        : { ticks: () => tick(setting, part), 'takes a command': () => propose(setting, part) },
    );
    return entry.own;
  }

  crashed(body: number): readonly Outcome[] {
    const entry = this.#at(body);
    const { slot, part } = entry;
    const setting = this.#setting;
    if (entry.crashed !== null) return entry.crashed;
    const ways: Record<string, () => Part> = {};
    if (part.kind === 'worker') ways['crashes and starts'] = () => crashWorker(setting, slot, part, this.#members);
    else {
      for (let kept = 0; kept <= part.pending.length; kept++)
        ways[`crashes with ${kept} of ${part.pending.length} writes done, and starts`] = () =>
          crashScribe(setting, slot, part, kept);
    }
    entry.crashed = this.#outcomes(body, ways);
    return entry.crashed;
  }

  /** A client reads at a worker when `floor` has been shown. */
  read(body: number, floor: number): readonly Outcome[] {
    const { read: known, part } = this.#at(body);
    let outcomes = known.get(floor);
    if (outcomes === undefined) {
      outcomes = this.#outcomesOf(body, `is asked for a read, ${floor} shown before`, () =>
        part.kind === 'worker' ? read(this.#setting, part, floor) : null,
      );
      known.set(floor, outcomes);
    }
    return outcomes;
  }

  #outcomes(body: number, events: Readonly<Record<string, () => Part | null>>): readonly Outcome[] {
    return Object.entries(events).flatMap(([what, event]) => this.#outcomesOf(body, what, event));
  }

  #outcomesOf(body: number, what: string, event: () => Part | readonly Part[] | null): readonly Outcome[] {
    try {
      const parts = event() ?? [];
      const outcomes =
        'kind' in parts ? [this.#outcome(body, what, parts)] : parts.map((part) => this.#outcome(body, what, part));
      return outcomes.filter((outcome) => outcome !== null);
    } catch (error) {
      if (error instanceof Violation) return [error];
      return [new Violation('machine-threw', error instanceof Error ? `${error.stack}` : String(error))];
    }
  }

  #outcome(body: number, what: string, part: Part): Outcome | null {
    if (this.#isBeyond(part)) {
      this.cut++;
      return null;
    }
    const letters = part.sent;
    part.sent = [];
    const next = this.enter(this.slot(body), part);
    return next === body && letters.length === 0 ? null : { body: next, letters, what };
  }

  #isBeyond(part: Part): boolean {
    const { bounds, nodes } = this.#setting;
    if (part.tip !== 0 && nodes.at(part.tip).index > bounds.index) return true;
    if (part.kind === 'scribe') return part.machine.hardState.term > bounds.term;
    return part.machine.term > bounds.term || standsFor(part.machine) > bounds.term;
  }
}
