/** The only source of randomness; the core is handed `random` and never reaches for it. */
import { randomBytes } from 'node:crypto';

/** Uniform in [0, 1). For jitter, not for secrets. */
export const random = (): number => Math.random();

/** `bytes` unpredictable bytes as hex: cluster ids, storage uuids, incarnations. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');
