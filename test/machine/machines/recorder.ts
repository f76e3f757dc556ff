/**
 * A state machine that does what a test asks of it. A command is text: `throw X`, `loop`, `exit`, `out-of-memory`, `late`,
 * `return KIND`; anything else is remembered. A query answers with all that is remembered, or misbehaves the same way.
 */
import type { EntryContext, StateMachine } from '../../../src/machine/contract.ts';

const odd: Readonly<Record<string, () => unknown>> = {
  string: () => 'text',
  function: () => () => 1,
  proxy: () => new Proxy(new Uint8Array(4), {}),
  pretender: () => Object.create(Uint8Array.prototype),
  huge: () => new Uint8Array(4 * 1024 * 1024 + 1),
  largest: () => new Uint8Array(4 * 1024 * 1024),
  liar: () => Object.defineProperty(new Uint8Array([1, 2, 3]), 'length', { value: 1_000_000 }),
  nothing: () => undefined,
};

function misbehave(word: string, rest: string): unknown {
  switch (word) {
    case 'throw':
      throw new Error(rest);
    case 'throw-null':
      throw null;
    case 'throw-trap':
      throw {
        toString() {
          throw new Error('not even a text');
        },
      };
    case 'loop':
      for (;;);
    case 'exit':
      return process.exit(7);
    case 'late':
      return void setTimeout(() => process.exit(8), 0);
    case 'promise':
      return Promise.resolve(new Uint8Array(1));
    case 'out-of-memory': {
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(100_000).fill(hoard.length));
    }
    default:
      return odd[rest]?.();
  }
}

export default function createRecorder(options: unknown): StateMachine {
  const remembered: string[] = [];
  const isMisbehaviour = (word: string): boolean =>
    /^(throw.*|loop|exit|late|promise|out-of-memory|return)$/.test(word);

  return {
    apply(command: Uint8Array, { index, term, timestampMillis }: EntryContext): Uint8Array | undefined {
      const text = Buffer.from(command).toString();
      const [word = '', rest = ''] = text.split(' ');
      if (isMisbehaviour(word)) return misbehave(word, rest) as Uint8Array | undefined;
      remembered.push(`${index}/${term}/${timestampMillis}:${text}`);
      return Buffer.from(`${options}${index}`);
    },
    read(query: Uint8Array): Uint8Array {
      const [word = '', rest = ''] = Buffer.from(query).toString().split(' ');
      if (isMisbehaviour(word)) return misbehave(word, rest) as Uint8Array;
      return Buffer.from(remembered.join(' '));
    },
  };
}
