/** Structured logs. A library is silent unless it is handed a log; the command line hands it pino. Secrets are never logged. */
import { pino } from 'pino';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => {};

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** One JSON object a line on standard error; written asynchronously so that a blocked pipe never blocks the protocol (O06). */
export function createLog(name: string, level: LogLevel): Log {
  return pino({ name, level }, pino.destination({ dest: 2, sync: false }));
}
