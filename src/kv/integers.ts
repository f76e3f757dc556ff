/** Integers as Redis reads them: 64-bit signed, decimal, no sign but `-`, no leading zero, no space. */

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
export const MAX_INTEGER_64 = 2n ** 63n - 1n;
export const MIN_INTEGER_64 = -(2n ** 63n);

export const fits64 = (value: bigint): boolean => value >= MIN_INTEGER_64 && value <= MAX_INTEGER_64;

/** The value, or null when the text is not an integer in range. */
export function parseInteger(text: string): bigint | null {
  if (!INTEGER.test(text)) return null;
  const value = BigInt(text);
  return fits64(value) ? value : null;
}
