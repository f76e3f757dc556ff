/**
 * The settings file: TOML with one table per command, keys spelled like the flags without their dashes. Tables and keys
 * that mean nothing are refused: a misspelt key that is silently ignored is a setting somebody believes in.
 */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { badOption } from './options.ts';
import { nearest } from './suggest.ts';

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readToml(path: string): Record<string, unknown> {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof TomlError)
      throw badOption(`${path}:${error.line}:${error.column}: ${error.message.split('\n')[0]}`);
    throw badOption(`cannot read the settings file ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** The table of `command` in the file; `commands` are all tables the file may have, `keys` all keys of this one. */
export function readSettingsFile(
  path: string,
  command: string,
  commands: readonly string[],
  keys: readonly string[],
): Readonly<Record<string, unknown>> {
  const tables = readToml(path);
  for (const [name, value] of Object.entries(tables)) {
    if (!commands.includes(name)) throw badOption(`${path}: unknown table or key "${name}"${nearest(name, commands)}`);
    if (!isTable(value)) throw badOption(`${path}: "${name}" must be a table: [${name}]`);
  }
  const table = tables[command];
  if (!isTable(table)) return {};
  for (const key of Object.keys(table))
    if (!keys.includes(key)) throw badOption(`${path}: unknown key "${key}" in [${command}]${nearest(key, keys)}`);
  return table;
}
