/** How long a serving command lives: until it is told to stop, until whoever started it is gone, or until it fails. */
import type { ReadyMessage } from '../node/member-process.ts';
import { print, printJson } from './output.ts';

/**
 * Resolves on SIGTERM, SIGINT or the loss of the parent's IPC channel. Without a parent a second signal ends the process at
 * once: the first may be waiting for something that does not come. With one, that is the parent's to decide, and SIGINT,
 * which a terminal sends to both, is left to it as well: it knows the order in which to stop.
 */
export function toldToStop(): Promise<void> {
  const child = process.send !== undefined;
  return new Promise((resolve) => {
    let told = false;
    const stop = (): void => {
      if (told && !child) process.exit(1);
      told = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', child ? () => {} : stop);
    process.once('disconnect', resolve);
  });
}

/** The same as a signal: whoever was told to stop has yet to remove what it made. */
export function abortedWhenToldToStop(): AbortSignal {
  const controller = new AbortController();
  void toldToStop().then(() => controller.abort());
  return controller.signal;
}

/** Tells whoever waits that this process serves: the parent over IPC, a script in JSON, a person in words. */
export function announce(fields: ReadyMessage['ready'], json: boolean, words: string): void {
  const message: ReadyMessage = { ready: fields };
  if (process.send !== undefined) process.send(message);
  else if (json) printJson({ ready: true, ...fields });
  else print(words);
}

/**
 * Serves until told to stop, then stops; rejects when the server fails first, after stopping it. What has failed may fail
 * again in stopping; the first failure is the one to tell, and the parent's channel must not keep the process alive.
 */
export async function serve(failed: Promise<unknown>, stop: () => Promise<void>): Promise<void> {
  const failure = await Promise.race([toldToStop(), failed]);
  try {
    await stop();
  } catch (error) {
    throw failure ?? error;
  } finally {
    if (process.connected) process.disconnect();
  }
  if (failure !== undefined) throw failure;
}

/**
 * Waits for what a server needs besides itself; where that cannot be had, stops what runs already: a process that said why it
 * failed must not go on serving. The first failure is the one to tell.
 */
export async function orStop<T>(needed: Promise<T>, stop: () => Promise<void>): Promise<T> {
  try {
    return await needed;
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}
