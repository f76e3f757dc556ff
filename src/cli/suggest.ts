/** Finds the name somebody probably meant. */

/** Edits (insert, delete, replace) that turn `left` into `right`. */
function distance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = previous[column - 1]! + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[right.length]!;
}

/** ` (nearest: NAME)`, or nothing when no known name is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string {
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3)))
    .sort((left, right) => left.edits - right.edits);
  return ranked[0] === undefined ? '' : ` (nearest: ${ranked[0].candidate})`;
}
