/**
 * A whole state machine: a counter. A command is a signed 64-bit amount (8 bytes, little-endian) to add; its result, and
 * the answer to any query, is the new total. Run a cluster on it with `scriptorium dev --machine dist/examples/counter.js`.
 */
import type { StateMachine } from 'scriptorium/machine';

export default function createCounter(): StateMachine {
  let total = 0n;

  const encoded = (): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, total, true);
    return bytes;
  };

  return {
    apply(command) {
      if (command.length !== 8) throw new Error(`an amount has 8 bytes, this has ${command.length}`);
      const amount = new DataView(command.buffer, command.byteOffset).getBigInt64(0, true);
      total = BigInt.asIntN(64, total + amount);
      return encoded();
    },
    read: encoded,
  };
}
