/**
 * What slots say to each other, one object for equal ones.
 */
import type { Message, PeerKey } from '../../src/core/messages.ts';
import { describeMessage } from '../sim/trace.ts';
import { type Cast, type Exchange, slotOf } from './names.ts';
import { copy, type Origin, textOf } from './snapshot.ts';

export type Content =
  | { readonly kind: 'message'; readonly message: Message }
  /** The process at the other end has started, for the `generation`-th time, and a link to it stands. */
  | { readonly kind: 'up'; readonly generation: number }
  /** The process at the other end is gone. */
  | { readonly kind: 'down' };

const ANSWERS: ReadonlySet<Message['kind']> = new Set(['probeReply', 'voteReply', 'appendReply'] as const);

export interface Letter {
  readonly number: number;
  readonly from: PeerKey;
  readonly to: PeerKey;
  readonly toSlot: number;
  readonly content: Content;
}

export class Letters {
  readonly #cast: Cast;
  readonly #all: Letter[] = [];
  readonly #renamed: number[][] = [];
  readonly #byText = new Map<string, number>();
  readonly #origin: Origin;

  constructor(cast: Cast, nameOf: Origin['nameOf']) {
    this.#cast = cast;
    this.#origin = { now: 0, durableWrite: 0, nameOf };
  }

  at(number: number): Letter {
    return this.#all[number] as Letter;
  }

  put(from: PeerKey, to: PeerKey, content: Content): number {
    const timeless = withoutTimes(content);
    const text = `${from} ${to} ${textOf(timeless, this.#origin)}`;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const number = this.#all.length;
    this.#renamed.push([]);
    this.#all.push({
      number,
      from,
      to,
      toSlot: slotOf(this.#cast, to),
      content: timeless,
    });
    this.#byText.set(text, number);
    return number;
  }

  /** `place`: the exchange's number. */
  renamed(number: number, { rename }: Exchange, place: number): number {
    const known = this.#renamed[number] as number[];
    if (known[place] === undefined) {
      const { from, to, content } = this.at(number);
      known[place] = this.put(rename(from) as PeerKey, rename(to) as PeerKey, copy(content, rename));
    }
    return known[place];
  }

  /** An answer to a probe, to a request for votes, or to a leader. */
  isAnswer(number: number): boolean {
    const { content } = this.at(number);
    return content.kind === 'message' && ANSWERS.has(content.message.kind);
  }

  describe(number: number): string {
    const { from, content } = this.at(number);
    const what = content.kind === 'message' ? describeMessage(content.message) : `link ${content.kind}`;
    return `<- ${from.slice(7)} ${what}`;
  }
}

/** How long ago a scribe heard its leader is told for people, and would make every moment a state of its own. */
function withoutTimes(content: Content): Content {
  if (content.kind !== 'message' || content.message.kind !== 'probeReply' || content.message.leader === null)
    return content;
  const { message } = content;
  return { kind: 'message', message: { ...message, leader: { ...content.message.leader, silentMillis: 0 } } };
}
