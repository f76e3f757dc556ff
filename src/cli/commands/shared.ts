/** Options that mean the same for every command that has them. */
import { choice, toggle } from '../options.ts';

export const transport = choice({
  description: 'What serves links: uWebSockets.js, ws, or the first that loads.',
  fallback: 'auto',
  choices: ['auto', 'uws', 'ws'],
});

export const logLevel = choice({
  description: 'Least severity logged, JSON lines on standard error.',
  fallback: 'warn',
  choices: ['debug', 'info', 'warn', 'error', 'silent'],
});

export const allowBuffered = toggle({
  description: 'Go on where the file system has no O_DIRECT, with buffered writes and fdatasync.',
});

export const json = toggle({ description: 'Print JSON for scripts.' });
