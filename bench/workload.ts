/** What a load writes: SET commands of the key-value store, each different, over ten thousand keys. */
import { encodeCommand } from '../src/kv/entry-codec.ts';

const KEYS = 10_000;
const SEQUENCE_DIGITS = 16;

/**
 * A function from a sequence number to its command; the same number gives the same bytes. The value has `valueBytes`
 * (16 or more) and begins with the number, so that every command can be told from every other.
 */
export function keyValueWorkload(valueBytes: number): (sequence: number) => Buffer {
  const padding = '.'.repeat(Math.max(0, valueBytes - SEQUENCE_DIGITS));
  const digits = (value: number, count: number): string => String(value).padStart(count, '0');
  const build = (sequence: number): Buffer =>
    encodeCommand([
      Buffer.from('SET'),
      Buffer.from(`bench:${digits(sequence % KEYS, 4)}`),
      Buffer.from(`${digits(sequence, SEQUENCE_DIGITS)}${padding}`),
    ]);
  // All commands are alike but for the digits: one is built, the others are copies of it.
  const pattern = build(0);
  const keyOffset = pattern.indexOf('bench:') + 'bench:'.length;
  const valueOffset = pattern.length - valueBytes;
  return (sequence) => {
    const command = Buffer.from(pattern);
    command.write(digits(sequence % KEYS, 4), keyOffset, 'latin1');
    command.write(digits(sequence, SEQUENCE_DIGITS), valueOffset, 'latin1');
    return command;
  };
}

/** The size of value that makes whole commands of `commandBytes`. */
export function valueBytesFor(commandBytes: number): number {
  const probe = 100;
  return commandBytes - (keyValueWorkload(probe)(0).length - probe);
}
