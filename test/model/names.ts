/**
 * Who takes part: a slot for each scribe, then one for each worker. Names are chosen so that they can be found inside any
 * string of a state and exchanged: `Sa`, `Sb` … for scribes, `Wx`, `Wy` for workers, `Wx0`, `Wx1` for a worker's incarnations.
 */
import type { Peer } from '../../src/core/effects.ts';
import type { PeerKey } from '../../src/core/messages.ts';

export const scribeName = (at: number): string => `S${String.fromCharCode(97 + at)}`;
export const workerName = (at: number): string => `W${String.fromCharCode(120 + at)}`;

export interface Cast {
  readonly scribes: number;
  readonly workers: number;
}

/** The name of what is in a slot. */
export const nameOf = ({ scribes }: Cast, slot: number): string =>
  slot < scribes ? scribeName(slot) : workerName(slot - scribes);

/** The slot that a peer's key belongs to. */
export function slotOf({ scribes }: Cast, key: PeerKey): number {
  return key.startsWith('scribe:') ? key.charCodeAt(8) - 97 : scribes + key.charCodeAt(8) - 120;
}

/** Who a key belongs to, as a handshake would tell. */
export function peerOf(key: PeerKey): Peer {
  const name = key.slice(7);
  if (key.startsWith('scribe:')) return { role: 'scribe', storageUuid: name, scribeId: name };
  const workerId = name.slice(0, 2);
  return { role: 'worker', identity: { workerId, incarnation: name, address: workerId } };
}

/** One way of exchanging names. */
export interface Exchange {
  /** New slot by old slot. */
  readonly slots: readonly number[];
  readonly rename: (text: string) => string;
}

function orders(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) => orders(items.filter((item) => item !== first)).map((rest) => [first, ...rest]));
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);

/** Every exchange of the first `alike` scribes among each other and of the workers, but none for 0; the first changes nothing. */
export function exchanges(cast: Cast, alike: number): readonly Exchange[] {
  const fixed = range(alike, cast.scribes - alike);
  const workers = range(cast.scribes, cast.workers);
  const found: Exchange[] = [];
  for (const first of orders(range(0, alike))) {
    for (const last of alike === 0 ? [workers] : orders(workers)) {
      const slots = [...first, ...fixed, ...last];
      found.push({ slots, rename: renaming(cast, slots) });
    }
  }
  return found;
}

function renaming(cast: Cast, slots: readonly number[]): (text: string) => string {
  const to = new Map(slots.map((slot, from) => [nameOf(cast, from), nameOf(cast, slot)]));
  const known = new Map<string, string>();
  return (text) => {
    let renamed = known.get(text);
    if (renamed === undefined) {
      renamed = text.replace(/S[a-e]|W[xyz]/g, (name) => to.get(name) ?? name);
      known.set(text, renamed);
    }
    return renamed;
  };
}
