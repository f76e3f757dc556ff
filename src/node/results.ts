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
  const results = decodeResults(section, count).map(({ failed, bytes }) =>
    failed ? new ScriptoriumError('COMMAND_FAILED', Buffer.from(bytes).toString('utf8')) : bytes,
  );
  return { firstIndex, results };
}
