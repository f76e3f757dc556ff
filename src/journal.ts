/**
 * The storage engine as a product of its own: `DurableLog` for programs that want a log, and under it `Journal`, which the
 * scribes use. Loads nothing of the network, the threads or the logger.
 */
export { isScriptoriumError, ScriptoriumError } from './errors.ts';
export * from './storage/durable-log.ts';
export * from './storage/journal.ts';
export type { AppendOptions, LogGroup } from './storage/log-group.ts';
export type { LogEntry, ReadOptions } from './storage/log-reader.ts';
