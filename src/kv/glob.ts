/**
 * Redis' glob patterns over byte strings: `*`, `?`, `[a-z]`, `[^a-z]`, `\x`. Never slower than pattern × text steps: on a
 * mismatch only the last `*` is tried further.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let position = 0;
  let starAt = -1;
  let starPosition = 0;
  while (position < text.length) {
    if (pattern[at] === '*') {
      starAt = at++;
      starPosition = position;
      continue;
    }
    const next = matchOne(pattern, at, text.charCodeAt(position));
    if (next >= 0) {
      at = next;
      position++;
    } else if (starAt >= 0) {
      at = starAt + 1;
      position = ++starPosition;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** Where the pattern goes on after matching one character at `at`, or -1. */
function matchOne(pattern: string, at: number, code: number): number {
  switch (pattern[at]) {
    case undefined:
      return -1;
    case '?':
      return at + 1;
    case '[':
      return matchClass(pattern, at + 1, code);
    case '\\': {
      const escaped = at + 1 < pattern.length ? at + 1 : at;
      return pattern.charCodeAt(escaped) === code ? escaped + 1 : -1;
    }
    default:
      return pattern.charCodeAt(at) === code ? at + 1 : -1;
  }
}

/** A class that is not closed ends with the pattern, as in Redis. */
function matchClass(pattern: string, start: number, code: number): number {
  let at = start;
  const negated = pattern[at] === '^';
  if (negated) at++;
  let found = false;
  while (at < pattern.length && pattern[at] !== ']') {
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++;
    const low = pattern.charCodeAt(at);
    if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const high = pattern.charCodeAt(at + 2);
      found ||= code >= Math.min(low, high) && code <= Math.max(low, high);
      at += 3;
    } else {
      found ||= code === low;
      at++;
    }
  }
  if (found === negated) return -1;
  return Math.min(at + 1, pattern.length);
}
