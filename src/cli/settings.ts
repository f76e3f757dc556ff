/**
 * Puts a command's settings together: flags before environment variables before the settings file before defaults. Knows
 * for each value where it came from, so that `--print-config` can say and errors can name the place to correct.
 */
import { type Options, parseOption, type Settings } from './options.ts';
import { readSettingsFile } from './settings-file.ts';

export interface Sources {
  readonly command: string;
  /** Every command with settings: the tables a settings file may have. */
  readonly commands: readonly string[];
  /** Values of flags by option name, only those given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the settings file, if one was named. */
  readonly file: string | undefined;
}

export interface Resolved<O extends Options> {
  readonly settings: Settings<O>;
  /** Per option: `flag`, the variable, the file, or `default`. */
  readonly origins: Readonly<Record<string, string>>;
}

/** `basePort` → `base-port`: how a flag and a key in the file are spelled. */
export const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `basePort` → `SCRIPTORIUM_BASE_PORT`. */
export const variable = (name: string): string => `SCRIPTORIUM_${dashed(name).replaceAll('-', '_').toUpperCase()}`;

export function resolveSettings<O extends Options>(options: O, sources: Sources): Resolved<O> {
  const names = Object.keys(options);
  const { file } = sources;
  const table = file === undefined ? {} : readSettingsFile(file, sources.command, sources.commands, names.map(dashed));
  const origins: Record<string, string> = {};
  const settings: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const candidates: readonly (readonly [unknown, string, string])[] = [
      [sources.flags[name], 'flag', `--${dashed(name)}`],
      [sources.environment[variable(name)], variable(name), variable(name)],
      [table[dashed(name)], `${file}`, `${file}: ${dashed(name)}`],
    ];
    const found = candidates.find(([value]) => value !== undefined);
    origins[name] = found?.[1] ?? 'default';
    settings[name] = found === undefined ? option.fallback : parseOption(option, found[0], found[2]);
  }
  // Each value was parsed by the option of its own name, which is what the mapped type says.
  return { settings: settings as Settings<O>, origins };
}
