/** A scribe's journal, opened without the scribe: to read what is in it, or to write it and wait until it is durable. */
import type { ScriptoriumError } from '../errors.ts';
import { Journal } from '../storage/journal.ts';

export class QuietJournal {
  readonly journal: Journal;
  readonly directory: string;
  readonly #progress: Progress;

  private constructor(journal: Journal, directory: string, progress: Progress) {
    this.journal = journal;
    this.directory = directory;
    this.#progress = progress;
  }

  static async open(directory: string, allowBuffered: boolean): Promise<QuietJournal> {
    const progress = new Progress();
    const journal = await Journal.open({
      directory,
      allowBuffered,
      scrubBytesPerSecond: 0,
      onDurable: (ticket) => progress.moveTo(ticket),
      onFailure: (error) => progress.end(error),
    });
    return new QuietJournal(journal, directory, progress);
  }

  /** Opens all of them at once, and closes them when `use` has ended. */
  static async withAll<T>(
    directories: readonly string[],
    allowBuffered: boolean,
    use: (opened: readonly QuietJournal[]) => Promise<T>,
  ): Promise<T> {
    const opened: QuietJournal[] = [];
    try {
      for (const directory of directories) opened.push(await QuietJournal.open(directory, allowBuffered));
      return await use(opened);
    } finally {
      for (const { journal } of opened) await journal.close();
    }
  }

  /** Rejects with what made the journal fail. */
  durable(ticket: number): Promise<void> {
    return this.#progress.reach(ticket);
  }
}

/** Up to which ticket everything is durable, for one that waits. */
class Progress {
  #reached = 0;
  #failure: ScriptoriumError | null = null;
  #wake = (): void => {};

  moveTo(ticket: number): void {
    this.#reached = ticket;
    this.#wake();
  }

  end(failure: ScriptoriumError): void {
    this.#failure = failure;
    this.#wake();
  }

  async reach(ticket: number): Promise<void> {
    while (this.#reached < ticket && this.#failure === null)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#failure !== null) throw this.#failure;
  }
}
