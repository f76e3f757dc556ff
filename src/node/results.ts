/** From the results section of a proposal to what its caller is given. */
import { ScriptoriumError } from '../errors.ts';
import { decodeResults } from '../wire/results.ts';
import type { Applied } from './log-service.ts';

export function asApplied(firstIndex: number, section: Uint8Array): Applied {
  const { results } = asBatchResult(firstIndex, section, 1);
  const [result] = results;
  if (result instanceof Uint8Array) return { index: firstIndex, result };
  throw result;
}

export function asBatchResult(firstIndex: number, section: Uint8Array, count: number) {
  const results = decodeResults(section, count).map(({ failed, bytes }) => (failed ? failureOf(bytes) : bytes));
  return { firstIndex, results };
}

/** A failed result without a text was dropped. */
const failureOf = (text: Uint8Array): ScriptoriumError =>
  text.length > 0
    ? new ScriptoriumError('COMMAND_FAILED', Buffer.from(text).toString('utf8'))
    : new ScriptoriumError(
        'TOO_LARGE',
        'the command took effect, but its result did not fit beside those of the commands it travelled with; ask for less at a time',
        { outcome: 'executed' },
      );
