/**
 * The states that single slots can be in but for the letters they have under way, one number for equal ones, and what each
 * event makes of them: another body, and letters. So the machines run only once for each pair of a body and an event, in however
 * many states of the whole it occurs. All exchanges of names of a body are entered together.
 */
import { Violation } from '../sim/violation.ts';
import { type Exchange, exchanges } from './names.ts';
import { crashScribe, flush, lapse, readDone, receive, type ScribePart, textOfScribe } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { copy } from './snapshot.ts';
import { crashWorker, propose, read, receiveAtWorker, textOfWorker, tick, type WorkerPart } from './worker-part.ts';

export type Part = ScribePart | WorkerPart;

/** What an event leads to; null: nothing, or out of bounds. */
export type Outcome = { readonly body: number; readonly letters: readonly number[]; readonly what: string } | Violation;

interface Body {
  readonly slot: number;
  readonly part: Part;
  readonly received: Map<number, Outcome | null>;
  own: readonly Outcome[] | null;
  crashed: readonly Outcome[] | null;
  readonly read: Map<number, Outcome | null>;
}

export class Bodies {
  /** Events that led out of the bounds. */
  cut = 0;
  readonly exchanges: readonly Exchange[];
  readonly #setting: Setting;
  readonly #members: number;
  readonly #all: Body[] = [];
  readonly #byText = new Map<string, number>();
  /** By body and exchange: what the exchange makes of it. */
  readonly #renamed: number[][] = [];
  /** Position of the exchange that does one after the other. */
  readonly #composed: readonly (readonly number[])[];

  constructor(setting: Setting, members: number, alike: number) {
    this.#setting = setting;
    this.#members = members;
    this.exchanges = exchanges(setting.cast, alike);
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
    return (this.#renamed[body] as number[])[exchange] as number;
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
      this.#renamed[body] = this.#composed.map((row) => orbit[row[first] as number] as number);
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

  deliver(receiver: number, letter: number): Outcome | null {
    const { received, slot, part } = this.#at(receiver);
    let outcome = received.get(letter);
    if (outcome === undefined) {
      const setting = this.#setting;
      const content = setting.letters.at(letter);
      outcome = this.#outcome(receiver, setting.letters.describe(letter), () =>
        part.kind === 'scribe' ? receive(setting, slot, part, content) : receiveAtWorker(setting, part, content),
      );
      received.set(letter, outcome);
    }
    return outcome;
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
            'its leader counts as live no more': () => lapse(setting, slot, part),
            'its disk answers a read': () => readDone(setting, slot, part),
          }
        : { ticks: () => tick(setting, part), 'takes a command': () => propose(setting, part) },
    );
    return entry.own;
  }

  /** What its disk completing makes of a scribe, or null. */
  flushed(body: number): Outcome | null {
    const { part } = this.#at(body);
    if (part.kind === 'worker' || part.pending.length === 0) return null;
    return this.own(body)[0] as Outcome;
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
  read(body: number, floor: number): Outcome | null {
    const { read: known, part } = this.#at(body);
    let outcome = known.get(floor);
    if (outcome === undefined) {
      outcome = this.#outcome(body, `is asked for a read, ${floor} shown before`, () =>
        part.kind === 'worker' ? read(this.#setting, part, floor) : null,
      );
      known.set(floor, outcome);
    }
    return outcome;
  }

  #outcomes(body: number, events: Readonly<Record<string, () => Part | null>>): readonly Outcome[] {
    return Object.entries(events)
      .map(([what, event]) => this.#outcome(body, what, event))
      .filter((outcome) => outcome !== null);
  }

  #outcome(body: number, what: string, event: () => Part | null): Outcome | null {
    try {
      const part = event();
      if (part === null) return null;
      if (this.#isBeyond(part)) {
        this.cut++;
        return null;
      }
      const letters = part.sent;
      part.sent = [];
      const next = this.enter(this.slot(body), part);
      return next === body && letters.length === 0 ? null : { body: next, letters, what };
    } catch (error) {
      if (error instanceof Violation) return error;
      return new Violation('machine-threw', error instanceof Error ? `${error.stack}` : String(error));
    }
  }

  #isBeyond(part: Part): boolean {
    const { bounds, nodes } = this.#setting;
    if (part.tip !== 0 && nodes.at(part.tip).index > bounds.index) return true;
    if (part.kind === 'scribe') return part.machine.hardState.term > bounds.term;
    return part.machine.term > bounds.term || (part.machine._election?._term ?? 0) > bounds.term;
  }
}
