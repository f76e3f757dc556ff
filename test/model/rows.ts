/** What tables of rows of numbers have in common. */

/** From 0 to 2^31 - 1, of the `width` numbers from `base` on. */
export function hashOf(rows: Int32Array, base: number, width: number): number {
  let hash = 0x9e3779b9;
  for (let column = 0; column < width; column++) {
    hash = Math.imul(hash ^ (rows[base + column] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash, 0xc2b2ae35) >>> 1;
}

/** By a quarter, in whole rows: there are searches that fill the memory of a machine. */
export function larger(rows: Int32Array, width = 1, fill = 0): Int32Array<ArrayBuffer> {
  const held = rows.length / width;
  const next = new Int32Array((held + (held >> 2)) * width);
  next.set(rows);
  return fill === 0 ? next : next.fill(fill, rows.length);
}
