/** The table of the store's commands by name; what the front end answers by itself stands in session-commands.ts. */
import type { Command } from './command.ts';
import { EXPIRY_COMMANDS } from './expiry-commands.ts';
import { KEY_COMMANDS } from './key-commands.ts';
import { SET_COMMANDS } from './set-command.ts';
import { STRING_COMMANDS } from './string-commands.ts';

const all = [...SET_COMMANDS, ...STRING_COMMANDS, ...KEY_COMMANDS, ...EXPIRY_COMMANDS];

export const COMMANDS: ReadonlyMap<string, Command> = new Map(all.map((command) => [command.name, command]));

/** Names are taken in any case; the front end writes them in lower case. */
export const commandNamed = (name: string): Command | undefined =>
  COMMANDS.get(name) ?? COMMANDS.get(name.toLowerCase());
