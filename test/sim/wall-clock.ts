/**
 * The clock on the wall of a worker's machine, as wrong as one can be (P34): in every other seed it jumps now and then, by up to ten
 * years either way. It may be logged and must decide nothing. Has a stream of chance of its own.
 */
import { Random } from '../random.ts';

/** Apart from the streams of the seed itself. */
const STREAM = 11 * 2 ** 32;
const NOW_MILLIS = 1_795_000_000_000;
const DECADE_MILLIS = 3_156e8;

export class WallClock {
  readonly #random: Random;
  readonly #jumps: boolean;
  #offset = NOW_MILLIS;

  /** `incarnation`: of the process that reads it. */
  constructor(seed: number, incarnation: string) {
    this.#random = new Random(STREAM + seed + Number.parseInt(incarnation.slice(0, 6), 16));
    this.#jumps = seed % 2 === 0;
  }

  /** `elapsed`: milliseconds on a clock that is right. */
  read(elapsed: number, jumped: () => void): number {
    if (this.#jumps && this.#random.chance(0.05)) {
      this.#offset = NOW_MILLIS + Math.floor((2 * this.#random.next() - 1) * DECADE_MILLIS);
      jumped();
    }
    return this.#offset + Math.floor(elapsed);
  }
}
