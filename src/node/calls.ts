/**
 * Calls that wait for an answer: each is settled once, by its answer, its deadline or its caller's abort. Deadlines are looked
 * at in one sweep, since a timer a call would cost more than the call.
 */
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { random } from '../runtime/random.ts';
import type { CallOptions } from './log-service.ts';

const DEFAULT_DEADLINE_MILLIS = 5_000;
const MAX_DEADLINE_MILLIS = 600_000;
const SWEEP_MILLIS = 20;
const FIRST_PAUSE_MILLIS = 2;
const LONGEST_PAUSE_MILLIS = 25;

/** How often in a row one is sent on to another worker without a pause: two that name each other must not be asked in a loop. */
const REDIRECTS = 2;

/** How long to wait before the next attempt: grows while attempts are refused, so that nobody floods a cluster without a leader. */
export class Backoff {
  #pauseMillis = FIRST_PAUSE_MILLIS;
  #redirects = 0;
  #isRedirected = false;

  /** The one refused was told where to go: there it need not wait. */
  redirected(): void {
    this.#redirects += 1;
    this.#isRedirected = this.#redirects <= REDIRECTS;
  }

  next(): number {
    if (this.#isRedirected) {
      this.#isRedirected = false;
      return 0;
    }
    const pause = this.#pauseMillis * (0.5 + random());
    this.#pauseMillis = Math.min(this.#pauseMillis * 2, LONGEST_PAUSE_MILLIS);
    return pause;
  }

  reset(): void {
    this.#pauseMillis = FIRST_PAUSE_MILLIS;
    this.#redirects = 0;
  }
}

export class Call<T> {
  readonly deadlineAt: number;
  /** Whether anything of it has left this process: before that, giving up means "not executed". */
  sent = false;
  readonly #calls: Calls;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: (() => void) | undefined;
  #settled = false;
  /** Why it was refused last. */
  #refusal: ScriptoriumError | null = null;

  constructor(calls: Calls, options: CallOptions, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#calls = calls;
    this.#resolve = resolve;
    this.#reject = reject;
    this.deadlineAt = deadlineOf(options);
    this.#signal = options.signal;
    if (this.#signal === undefined) return;
    this.#abort = () => this.giveUp('aborted', 'ABORTED');
    this.#signal.addEventListener('abort', this.#abort);
  }

  get settled(): boolean {
    return this.#settled;
  }

  get remainingMillis(): number {
    return Math.max(1, Math.ceil(this.deadlineAt - systemClock.now()));
  }

  resolve(value: T): void {
    if (this.#end()) this.#resolve(value);
  }

  reject(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  /**
   * Only what had no effect is tried again, after a pause; everything else is the caller's to judge. So is what a state machine
   * died of, perhaps: asked again and again, one query would take all workers with it.
   */
  retry(error: unknown, pauseMillis: number, again: () => void): void {
    if (this.#settled) return;
    const typed = isScriptoriumError(error) ? error : null;
    const harmless = !this.sent || typed?.outcome === 'not-executed';
    const passing = typed?.retriable === true || (!this.sent && typed?.code === 'CONNECTION_LOST');
    if (!harmless || !passing || typed?.code === 'STATE_MACHINE_FAILED') {
      this.reject(error);
      return;
    }
    this.sent = false;
    this.#refusal = typed;
    if (pauseMillis === 0) again();
    else if (systemClock.now() + pauseMillis < this.deadlineAt) systemClock.setTimer(pauseMillis, again);
    else this.giveUp('the deadline passed', 'DEADLINE_EXCEEDED', error);
  }

  /** Nobody waits any longer: unknown once something was sent, else not executed. */
  giveUp(why: string, sentCode: 'ABORTED' | 'DEADLINE_EXCEEDED', cause?: unknown): void {
    // That no quorum is left may need somebody to act, so it is not hidden behind the deadline.
    if (!this.sent && sentCode === 'DEADLINE_EXCEEDED' && this.#refusal?.code === 'NO_QUORUM') {
      this.reject(this.#refusal);
      return;
    }
    this.reject(
      this.sent
        ? new ScriptoriumError(sentCode, `${why} before an answer came; the command may still take effect`, { cause })
        : new ScriptoriumError('DEADLINE_PASSED', `${why} before the command could be sent`, { cause }),
    );
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#calls.delete(this);
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort);
    return true;
  }
}

export class Calls {
  readonly #open = new Set<Call<never>>();
  #cancelSweep: (() => void) | null = null;

  /** A new call; the promise rejects at once when its options are out of bounds or already over. */
  start<T>(options: CallOptions, begin: (call: Call<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = new Call<T>(this, options, resolve, reject);
      this.#open.add(call as Call<never>);
      this.#cancelSweep ??= systemClock.setTimer(SWEEP_MILLIS, () => this.#sweep());
      begin(call);
    });
  }

  delete(call: Call<never>): void {
    this.#open.delete(call);
  }

  /** CLOSED: whoever would have answered is no more. */
  rejectAll(why: string): void {
    for (const call of this.#open) {
      const outcome = call.sent ? 'unknown' : 'not-executed';
      call.reject(new ScriptoriumError('CLOSED', why, { outcome }));
    }
    this.#cancelSweep?.();
    this.#cancelSweep = null;
  }

  #sweep(): void {
    const now = systemClock.now();
    for (const call of this.#open) if (call.deadlineAt <= now) call.giveUp('the deadline passed', 'DEADLINE_EXCEEDED');
    this.#cancelSweep = this.#open.size === 0 ? null : systemClock.setTimer(SWEEP_MILLIS, () => this.#sweep());
  }
}

/** BAD_OPTION for what is no time; 0 has passed, as what remains of a longer deadline may have. */
function deadlineOf({ deadlineMillis = DEFAULT_DEADLINE_MILLIS, signal }: CallOptions): number {
  if (typeof deadlineMillis !== 'number' || !(deadlineMillis >= 0 && deadlineMillis <= MAX_DEADLINE_MILLIS)) {
    const given = typeof deadlineMillis === 'number' ? `${deadlineMillis}` : `a ${typeof deadlineMillis}`;
    const rule = `give a number of milliseconds, 1 to ${MAX_DEADLINE_MILLIS}`;
    throw new ScriptoriumError('BAD_OPTION', `deadlineMillis is ${given}; ${rule}`);
  }
  if (deadlineMillis === 0 || signal?.aborted === true) {
    throw new ScriptoriumError(
      'DEADLINE_PASSED',
      'the deadline had passed, or the call was aborted, before anything was sent',
    );
  }
  return systemClock.now() + deadlineMillis;
}
