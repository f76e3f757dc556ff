/**
 * The store as the front end reaches it, through the log: writes are proposed, reads are linearizable, and a failure of
 * either becomes an error reply that tells the truth about what may have happened.
 */
import { type ErrorCode, isScriptoriumError, type ScriptoriumError } from '../errors.ts';
import type { LogService } from '../node/log-service.ts';
import { decodeAnswer, decodeVersions, encodeQuery, encodeVersionsQuery, TICK } from './entry-codec.ts';
import * as resp from './resp.ts';

/** What the cluster as a whole cannot do at the moment; anything else that did not run is worth trying again. */
const NO_CLUSTER: ReadonlySet<ErrorCode> = new Set([
  'NO_LEADER',
  'NO_QUORUM',
  'HALTED',
  'NOT_LEADER',
  'UNREACHABLE',
  'CLOSED',
]);

export class LogAccess {
  readonly #service: LogService;
  readonly #wallMillis: () => number;

  constructor(service: LogService, wallMillis: () => number) {
    this.#service = service;
    this.#wallMillis = wallMillis;
  }

  /** Propose entries, in order and adjacent; one reply each. */
  async write(entries: readonly Uint8Array[]): Promise<(Uint8Array | string)[]> {
    try {
      const { results } = await this.#service.proposeBatch(entries);
      return results.map((result) => (result instanceof Uint8Array ? result : writeFailure(result)));
    } catch (error) {
      return entries.map(() => writeFailure(error));
    }
  }

  /** Answer read commands, as many at a time as make about one large reply; the replies stand one after the other in the pieces. */
  async *read(commands: readonly (readonly Buffer[])[]): AsyncGenerator<Uint8Array | string, void> {
    let answered = 0;
    try {
      let clock = this.#wallMillis();
      while (answered < commands.length) {
        const answer = decodeAnswer(await this.#service.read(encodeQuery(clock, commands.slice(answered))));
        answered += answer.answered;
        yield answer.replies;
        if (!answer.clockBehind) continue;
        await this.#service.propose(TICK); // moves logged time on to the leader's clock…
        clock = 0; // …which is what counts from here on, should ours still be ahead of it
      }
    } catch (error) {
      yield readFailure(error).repeat(commands.length - answered);
    }
  }

  /** Versions of keys, or an error reply. */
  async versions(keys: readonly Buffer[]): Promise<readonly number[] | string> {
    try {
      return decodeVersions(await this.#service.read(encodeVersionsQuery(keys)), keys.length);
    } catch (error) {
      return readFailure(error);
    }
  }
}

function writeFailure(error: unknown): string {
  if (!isScriptoriumError(error) || error.outcome === 'unknown')
    return resp.error(`UNKNOWN outcome: ${messageOf(error)}`);
  return error.outcome === 'executed' ? resp.error(`ERR ${error.message}`) : notExecuted(error);
}

/** A read changes nothing, so whatever failed, it can be tried again. */
const readFailure = (error: unknown): string =>
  isScriptoriumError(error) ? notExecuted(error) : resp.error(`TRYAGAIN ${messageOf(error)}`);

function notExecuted({ code, message }: ScriptoriumError): string {
  if (code === 'TOO_LARGE' || code === 'COMMAND_FAILED') return resp.error(`ERR ${message}`);
  return resp.error(`${NO_CLUSTER.has(code) ? 'CLUSTERDOWN' : 'TRYAGAIN'} ${message}`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
