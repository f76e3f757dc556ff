/** One measured load as a JSON document with a version, and the run that makes it. */
import { runClosedLoop } from './closed-loop.ts';
import { totalCpuSeconds } from './cpu.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import type { Latencies, Recorder } from './recorder.ts';
import type { TargetCluster } from './target-cluster.ts';
import { keyValueWorkload } from './workload.ts';

export const REPORT_SCHEMA = 1;

export interface BenchReport {
  readonly schema: number;
  readonly mode: string;
  readonly outstanding: number;
  readonly batch: number;
  readonly valueBytes: number;
  readonly seconds: number;
  /** Entries acknowledged per second. */
  readonly throughput: number;
  readonly latencyMicros: Latencies;
  readonly acknowledged: number;
  /** Calls that failed. */
  readonly errors: number;
  readonly errorsByCode: Readonly<Record<string, number>>;
  readonly longestWriteGapMicros: number;
  /** CPU of every process of the run for a million entries; null when the servers are not ours to look at, or nothing was acknowledged. */
  readonly cpuSecondsPerMillion: number | null;
  readonly perSecond: readonly number[];
  readonly stages: ReturnType<TargetCluster['stages']>;
  readonly environment: Environment;
}

export interface BenchOptions {
  readonly mode: string;
  readonly outstanding: number;
  readonly batch: number;
  readonly valueBytes: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly onProgress?: (recorder: Recorder, seconds: number) => void;
  readonly signal?: AbortSignal;
}

export async function measure(target: TargetCluster, options: BenchOptions): Promise<BenchReport> {
  const { mode, outstanding, batch, valueBytes, seconds, warmupSeconds, onProgress, signal } = options;
  const cpuBefore = { seconds: 0 };
  const recorded = await runClosedLoop(target.service, {
    outstanding,
    batch,
    seconds,
    warmupSeconds,
    command: keyValueWorkload(valueBytes),
    onStart: () => {
      target.resetStages();
      cpuBefore.seconds = totalCpuSeconds(target.pids);
    },
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  const cpu = totalCpuSeconds(target.pids) - cpuBefore.seconds;
  return {
    schema: REPORT_SCHEMA,
    mode,
    outstanding,
    batch,
    valueBytes,
    seconds: recorded.seconds,
    throughput: recorded.throughput,
    latencyMicros: recorded.latencyMicros,
    acknowledged: recorded.acknowledged,
    errors: Object.values(recorded.errors).reduce((sum, count) => sum + count, 0),
    errorsByCode: recorded.errors,
    longestWriteGapMicros: recorded.longestGapMicros,
    cpuSecondsPerMillion:
      target.directory === null || recorded.acknowledged === 0 ? null : (cpu / recorded.acknowledged) * 1e6,
    perSecond: recorded.perSecond,
    stages: target.stages(),
    environment: await describeEnvironment(target),
  };
}
