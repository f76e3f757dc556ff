/** A state machine that keeps a list of texts, and does on command what none should. */
import type { StateMachine } from '../../src/machine/contract.ts';

export default function createUnrulyMachine(): StateMachine {
  const texts: string[] = [];
  return {
    apply(command) {
      const text = Buffer.from(command).toString();
      if (text === 'throw') throw new RangeError('told to throw');
      if (text === 'exit') process.exit(3);
      texts.push(text);
      return Buffer.from(String(texts.length));
    },
    read(query) {
      if (Buffer.from(query).toString() === 'throw') throw new RangeError('told to throw while reading');
      return Buffer.from(texts.join(','));
    },
  };
}
