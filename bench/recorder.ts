/**
 * Records what a load saw: latencies in a histogram of three significant digits, acknowledgements per second, the longest
 * time without one, and failures by code. Latency is counted from the call to its answer, so with a closed loop it hides
 * what a stalled server would have done to callers that do not wait; the longest gap is there to show it.
 */
import { createHistogram } from 'node:perf_hooks';

export interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Recorded {
  readonly seconds: number;
  /** Entries acknowledged, not calls. */
  readonly acknowledged: number;
  readonly throughput: number;
  readonly latencyMicros: Latencies;
  /** Longest time between two acknowledgements, and from the last one to the end. */
  readonly longestGapMicros: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Entries acknowledged in each full second. */
  readonly perSecond: readonly number[];
}

const HIGHEST_NANOS = 600_000_000_000;
const toMicros = (nanos: number): number => Math.round(nanos / 100) / 10;

export class Recorder {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_NANOS, figures: 3 });
  readonly #errors: Record<string, number> = {};
  readonly #perSecond: number[] = [];
  readonly #startMillis: number;
  #lastMillis: number;
  #longestGapMillis = 0;
  #acknowledged = 0;

  /** Times are milliseconds of `performance.now()`. */
  constructor(startMillis: number) {
    this.#startMillis = startMillis;
    this.#lastMillis = startMillis;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get failed(): number {
    return Object.values(this.#errors).reduce((sum, count) => sum + count, 0);
  }

  acknowledge(entries: number, sentMillis: number, nowMillis: number): void {
    this.#acknowledged += entries;
    this.#histogram.record(Math.min(HIGHEST_NANOS, Math.max(1, Math.round((nowMillis - sentMillis) * 1e6))));
    this.#longestGapMillis = Math.max(this.#longestGapMillis, nowMillis - this.#lastMillis);
    this.#lastMillis = nowMillis;
    const second = Math.floor((nowMillis - this.#startMillis) / 1000);
    this.#perSecond[second] = (this.#perSecond[second] ?? 0) + entries;
  }

  fail(code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
  }

  /** Percentile of the latencies so far, microseconds; 0 before the first. */
  percentile(percent: number): number {
    return this.#histogram.count === 0 ? 0 : toMicros(this.#histogram.percentile(percent));
  }

  finish(nowMillis: number): Recorded {
    const seconds = (nowMillis - this.#startMillis) / 1000;
    return {
      seconds,
      acknowledged: this.#acknowledged,
      throughput: this.#acknowledged / seconds,
      latencyMicros: {
        p50: this.percentile(50),
        p90: this.percentile(90),
        p99: this.percentile(99),
        p999: this.percentile(99.9),
        max: this.#histogram.count === 0 ? 0 : toMicros(this.#histogram.max),
      },
      longestGapMicros: Math.round(Math.max(this.#longestGapMillis, nowMillis - this.#lastMillis) * 1000),
      errors: this.#errors,
      perSecond: Array.from({ length: Math.floor(seconds) }, (_, second) => this.#perSecond[second] ?? 0),
    };
  }
}
