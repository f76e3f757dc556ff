/** WebSocket close codes as this project uses them (RFC 6455 §7.4.1), and the bound of a reason. */
export const CLOSE_NORMAL = 1000;
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
/** A text frame: nothing here speaks text. */
export const CLOSE_UNSUPPORTED = 1003;
/** Never sent; what a side sees when the connection broke without a word. */
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_POLICY = 1008;
export const CLOSE_TOO_BIG = 1009;
/** A bounded queue or table is full. */
export const CLOSE_TRY_LATER = 1013;

const MAX_REASON_CHARACTERS = 120;

/** Makes any text fit for a close frame: ASCII, printable, short. */
export const closeReason = (text: string): string =>
  text.slice(0, MAX_REASON_CHARACTERS).replaceAll(/[^\x20-\x7e]/g, '?');
