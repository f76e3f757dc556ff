/** The journal alone, for programs that want a durable log and nothing else. */
export * from './storage/journal.ts';
