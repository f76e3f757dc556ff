/** What a command is: its options as data and what it does with them. program.ts turns it into a command line. */
import type { Options, Settings } from './options.ts';

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** One line of the list of commands. */
  readonly summary: string;
  readonly options: O;
  /** Left out of the list of commands. */
  readonly hidden?: boolean;
  /** Does the work and resolves to the exit code. */
  run(settings: Settings<O>): Promise<number>;
}

/** Ties a command's `run` to the types of its own options, and then forgets them: the list of commands is of one type. */
export const defineCommand = <O extends Options>(command: Command<O>): Command => command as unknown as Command;
