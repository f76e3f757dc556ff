/**
 * The two frames that keep a link honest when nobody has anything to say: whoever dialled asks, the other side answers. A
 * connection whose far end lost power stays open for minutes otherwise, and a partition that heals would wait for TCP (N13).
 */
import { claimedType, FRAME_TYPES, finishFrame, startFrame } from './frame.ts';

export const PING = finishFrame(startFrame(FRAME_TYPES.ping, 0));
export const PONG = finishFrame(startFrame(FRAME_TYPES.pong, 0));

/** Which of the two a frame is, byte for byte; undefined for any other frame. */
export function livenessOf(frame: Uint8Array): 'ping' | 'pong' | undefined {
  switch (claimedType(frame)) {
    case FRAME_TYPES.ping:
      return Buffer.compare(frame, PING) === 0 ? 'ping' : undefined;
    case FRAME_TYPES.pong:
      return Buffer.compare(frame, PONG) === 0 ? 'pong' : undefined;
    default:
      return undefined;
  }
}
