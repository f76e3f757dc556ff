/**
 * One member of nothing: a LogService that really orders, numbers and stamps commands and applies them to a real state
 * machine, in this process and without keeping them. Answers come in later turns, so that callers have to wait for them.
 */
import { setImmediate } from 'node:timers/promises';
import { isScriptoriumError, ScriptoriumError } from '../../src/errors.ts';
import type { StateMachine } from '../../src/machine/contract.ts';
import { checkCommands } from '../../src/node/commands.ts';
import type { Applied, LogService } from '../../src/node/log-service.ts';

export class OrderedLog implements LogService {
  readonly #machine: StateMachine;
  #index = 0;
  /** The leader's clock; a test moves it. */
  clockMillis = 1_000_000;
  /** What the next calls fail with, before they take effect. */
  failure: ScriptoriumError | null = null;
  /** Sizes of the batches proposed, and queries asked, in order. */
  readonly calls: (number | 'read')[] = [];
  /** Every entry, in log order. */
  readonly entries: Uint8Array[] = [];

  constructor(machine: StateMachine) {
    this.#machine = machine;
  }

  async propose(command: Uint8Array): Promise<Applied> {
    const { firstIndex, results } = await this.proposeBatch([command]);
    if (!(results[0] instanceof Uint8Array)) throw results[0];
    return { index: firstIndex, result: results[0] };
  }

  async proposeBatch(
    commands: readonly Uint8Array[],
  ): Promise<{ firstIndex: number; results: readonly (Uint8Array | Error)[] }> {
    checkCommands(commands);
    this.calls.push(commands.length);
    await setImmediate();
    if (this.failure !== null) throw this.failure;
    const firstIndex = this.#index + 1;
    const results = commands.map((command) => this.#apply(command));
    await setImmediate();
    return { firstIndex, results };
  }

  async read(query: Uint8Array): Promise<Uint8Array> {
    this.calls.push('read');
    await setImmediate();
    if (this.failure !== null) throw this.failure;
    try {
      return this.#machine.read(query);
    } catch (error) {
      throw isScriptoriumError(error) ? error : new ScriptoriumError('COMMAND_FAILED', (error as Error).message);
    }
  }

  #apply(command: Uint8Array): Uint8Array | Error {
    this.#index++;
    this.entries.push(command);
    try {
      const context = { index: this.#index, term: 1, timestampMillis: this.clockMillis };
      return this.#machine.apply(command, context) ?? new Uint8Array(0);
    } catch (error) {
      return new ScriptoriumError('COMMAND_FAILED', (error as Error).message);
    }
  }
}
