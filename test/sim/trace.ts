/** One line per event: what a failing seed prints. */
import type { Message } from '../../src/core/messages.ts';
import type { LoggedConfiguration, Voters } from '../../src/core/types.ts';
import { describeId } from './log-tree.ts';

export const LEGEND = `legend: time in ms · a, b, … scribes · w0, w1, … workers (…:xxxx an incarnation) · x <- y: x receives from y
        T term · i@t the entry with index i and term t · +n batches carried`;

/** `7@3 a b c (c1 v3), out b c d`: the entry, who votes and by which numbers if not majorities, and what else stands in it. */
function describeConfiguration({ id, configuration: { outgoing, target, ...now } }: LoggedConfiguration): string {
  const names = ({ scribes, quorums }: Voters): string =>
    [...scribes.map(({ scribeId }) => scribeId), ...(quorums ? [`(c${quorums.commit} v${quorums.vote})`] : [])].join(
      ' ',
    );
  const out = outgoing === undefined ? '' : `, out ${names(outgoing)}`;
  return `members ${describeId(id)} ${names(now)}${out}${target === undefined ? '' : `, target ${names(target)}`}`;
}

export function describeMessage(message: Message): string {
  switch (message.kind) {
    case 'probe':
      return `probe round ${message.round}`;
    case 'probeReply': {
      const { term, tail, commit, leader, leaderLive, storage } = message;
      const heard =
        leader === null
          ? 'no leader'
          : `leader ${leader.identity.workerId} T${leader.term}${leaderLive ? ' live' : ''}`;
      return `probeReply round ${message.round} T${term} tail ${describeId(tail)} commit ${describeId(commit)} ${heard} ${storage} ${describeConfiguration(message.configuration)}`;
    }
    case 'takeOver':
      return `takeOver T${message.term} tail ${describeId(message.tail)}`;
    case 'vote':
    case 'transferVote':
      return `${message.kind} T${message.term} tail ${describeId(message.tail)}`;
    case 'voteReply':
      return `voteReply T${message.requestTerm} ${message.reason}, own T${message.term} tail ${describeId(message.tail)}`;
    case 'append': {
      const { term, prev, batches, commit, round, echo } = message;
      return `append T${term} prev ${describeId(prev)} +${batches.length} commit ${commit} round ${round}${echo ? ' echo' : ''}`;
    }
    case 'appendReply': {
      const { term, durable, conflict, round } = message;
      return `appendReply T${term} durable ${describeId(durable)}${conflict === null ? '' : ` conflict ${describeId(conflict)}`} round ${round}`;
    }
    case 'read':
      return `read #${message.request} prev ${describeId(message.prev)} asOf ${message.asOf === null ? '-' : describeId(message.asOf)}`;
    case 'readReply':
      return `readReply #${message.request} ${message.outcome} +${message.batches.length} hint ${describeId(message.hint)} commit ${describeId(message.commit)}`;
    case 'fetch':
      return `fetch T${message.term} up to ${describeId(message.upTo)} from ${message.source}`;
    case 'configurationNotice':
      return `configurationNotice T${message.term} ${describeConfiguration(message.configuration)}${message.committed ? ' committed' : ''}`;
    case 'follow':
      return `follow tail ${describeId(message.tail)}`;
    case 'leaderNotice':
      return `leaderNotice T${message.term} ${message.leader === null ? 'lost' : message.leader.workerId}`;
    case 'leaderGone':
      return `leaderGone turn ${message.turn} T${message.answer.term} tail ${describeId(message.answer.tail)}`;
    case 'indexRequest':
      return `indexRequest #${message.request}`;
    case 'indexReply':
      return `indexReply #${message.request} ${message.index}`;
  }
}

/** The last lines of a run. Lines are built only in a run that is watched. */
export class Trace {
  readonly #lines: string[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(time: number, text: string): void {
    this.#lines.push(`${time.toFixed(1).padStart(8)}  ${text}`);
    if (this.#lines.length > 2 * this.#limit) this.#lines.splice(0, this.#limit);
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#limit);
  }
}
