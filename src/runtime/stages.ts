/**
 * Where the time of a write goes, batch by batch, as a leader sees it. Histograms in microseconds; `write` and `fsync` are
 * what scribes report of their group commits, everything else is measured here. Cheap enough to be always on.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export const STAGES = ['queue', 'encode', 'quorum', 'write', 'fsync', 'apply', 'reply'] as const;
export type Stage = (typeof STAGES)[number];

export interface StageSummary {
  readonly count: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
}

export class Stages {
  readonly #histograms = new Map<Stage, RecordableHistogram>(STAGES.map((stage) => [stage, createHistogram()]));

  /** `micros` below one counts as one: the histogram holds positive integers. */
  record(stage: Stage, micros: number): void {
    (this.#histograms.get(stage) as RecordableHistogram).record(Math.max(1, Math.round(micros)));
  }

  reset(): void {
    for (const histogram of this.#histograms.values()) histogram.reset();
  }

  summary(): Readonly<Record<Stage, StageSummary>> {
    const entries = [...this.#histograms].map(([stage, histogram]) => [
      stage,
      {
        count: histogram.count,
        p50Micros: histogram.percentile(50),
        p99Micros: histogram.percentile(99),
        maxMicros: histogram.count === 0 ? 0 : histogram.max,
      },
    ]);
    return Object.fromEntries(entries) as Record<Stage, StageSummary>;
  }
}
