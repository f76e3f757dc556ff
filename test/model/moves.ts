/**
 * What each slot can do in each of its states, looked up: a move is the body it leads to and the number of the set of letters
 * it says. The machines run once for each body and event, and what comes of one set of letters at one body is gathered once.
 */
import { Violation } from '../sim/violation.ts';
import type { Bodies, Outcome } from './bodies.ts';
import { Pairs } from './pairs.ts';
import { type Said, SILENCE } from './said.ts';
import { isMoot, isSpent } from './spent.ts';

/** Body and set by turns; a body below 0 stands for the violation of that number. */
export type Moves = Int32Array;

/** What letters make of who hears them. */
export interface Hearing {
  readonly moves: Moves;
  /** Those that do nothing but count an answer. */
  readonly counts: Moves;
  /** Other moves that such an answer makes: the last one decides. */
  readonly decisions: Moves;
  /** What it says to letters that leave it as it is. */
  readonly answers: number;
}

const NO_MOVES: Moves = new Int32Array(0);
const NOTHING_HEARD: Hearing = { moves: NO_MOVES, counts: NO_MOVES, decisions: NO_MOVES, answers: SILENCE };

export class MoveTable {
  readonly bodies: Bodies;
  readonly said: Said;
  readonly #violations: Violation[] = [];
  readonly #own: Moves[] = [];
  readonly #crashes: Moves[] = [];
  readonly #reads = new Map<string, Moves>();
  readonly #hearings: Hearing[] = [];
  readonly #byPair = new Pairs();
  readonly #standing = new Pairs();
  readonly #kept = new Pairs();

  constructor(bodies: Bodies, said: Said) {
    this.bodies = bodies;
    this.said = said;
  }

  violation(body: number): Violation {
    return this.#violations[-1 - body] as Violation;
  }

  /** What the letters of a set that are meant for this body's slot make of it. */
  hears(body: number, set: number): Hearing {
    const subset = this.said.to(set, this.bodies.slot(body));
    if (subset === SILENCE) return NOTHING_HEARD;
    let at = this.#byPair.get(body, subset);
    if (at === -1) {
      at = this.#hearings.length;
      this.#hearings.push(this.#gather(body, subset));
      this.#byPair.put(body, subset, at);
    }
    return this.#hearings[at] as Hearing;
  }

  /** A set without what can do nothing to `hearer` any more. */
  kept(hearer: number, set: number): number {
    if (this.said.to(set, this.bodies.slot(hearer)) === SILENCE) return set;
    let kept = this.#kept.get(hearer, set);
    if (kept === -1) {
      const { post } = this.said;
      const part = this.bodies.part(hearer);
      const slot = this.bodies.slot(hearer);
      kept = this.said.enter(
        this.said.letters(set).filter((letter) => post.at(letter).toSlot !== slot || !isSpent(part, post.at(letter))),
      );
      this.#kept.put(hearer, set, kept);
    }
    return kept;
  }

  /** A set without the questions whose answers nobody in `body` waits for any more. */
  standing(body: number, set: number): number {
    let standing = this.#standing.get(body, set);
    if (standing === -1) {
      const part = this.bodies.part(body);
      standing = this.said.enter(this.said.letters(set).filter((letter) => !isMoot(part, this.said.post.at(letter))));
      this.#standing.put(body, set, standing);
    }
    return standing;
  }

  own(body: number): Moves {
    this.#own[body] ??= this.#movesOf(this.bodies.own(body));
    return this.#own[body];
  }

  crashes(body: number): Moves {
    this.#crashes[body] ??= this.#movesOf(this.bodies.crashed(body));
    return this.#crashes[body];
  }

  /** A client reads at a worker when `floor` has been shown. */
  reads(body: number, floor: number): Moves {
    const name = `${body} ${floor}`;
    let moves = this.#reads.get(name);
    if (moves === undefined) {
      moves = this.#movesOf(this.bodies.read(body, floor));
      this.#reads.set(name, moves);
    }
    return moves;
  }

  #gather(body: number, subset: number): Hearing {
    const { bodies, said } = this;
    const moves: Outcome[] = [];
    const counts: Outcome[] = [];
    const decisions: Outcome[] = [];
    let answers = SILENCE;
    for (const letter of said.letters(subset)) {
      const isAnswer = said.post.isAnswer(letter);
      for (const outcome of bodies.deliver(body, letter)) {
        if (outcome instanceof Violation) moves.push(outcome);
        else if (outcome.body === body) answers = said.union(answers, said.enter(outcome.letters));
        else if (!isAnswer) moves.push(outcome);
        else if (outcome.letters.length === 0 && bodies.countsOn(body, outcome.body)) counts.push(outcome);
        else decisions.push(outcome);
      }
    }
    return {
      moves: this.#movesOf(moves),
      counts: this.#movesOf(counts),
      decisions: this.#movesOf(decisions),
      answers,
    };
  }

  #movesOf(outcomes: readonly Outcome[]): Moves {
    if (outcomes.length === 0) return NO_MOVES;
    return Int32Array.from(outcomes.flatMap((outcome) => this.#moveOf(outcome)));
  }

  #moveOf(outcome: Outcome): [number, number] {
    if (!(outcome instanceof Violation)) return [outcome.body, this.said.enter(outcome.letters)];
    this.#violations.push(outcome);
    return [-this.#violations.length, SILENCE];
  }
}
