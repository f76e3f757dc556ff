/** The scribes' storage engine as a product of its own: one durable, group-committed journal in one directory. */
export { isScriptoriumError, ScriptoriumError } from './errors.ts';
export * from './storage/journal.ts';
