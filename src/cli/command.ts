/** What a command is: its options as data and what it does with them. program.ts turns it into a command line. */
import type { Options, Settings } from './options.ts';

/** Commands that are about one thing: `scriptorium GROUP COMMAND`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
}

export interface Command<O extends Options = Options> {
  readonly group?: CommandGroup;
  readonly name: string;
  /** One line of the list of commands. */
  readonly summary: string;
  readonly options: O;
  /** Left out of the list of commands. */
  readonly hidden?: boolean;
  /** Does the work and resolves to the exit code. */
  run(settings: Settings<O>): Promise<number>;
}

/** The name of its table in a settings file. */
export const tableOf = ({ group, name }: Pick<Command, 'group' | 'name'>): string =>
  group === undefined ? name : `${group.name}-${name}`;

/** Ties a command's `run` to the types of its own options, and then forgets them: the list of commands is of one type. */
export const defineCommand = <O extends Options>(command: Command<O>): Command => command as unknown as Command;
