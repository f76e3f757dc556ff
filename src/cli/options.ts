/**
 * Kinds of options. An option is declared once, with a sentence, a unit, a default and a bound, and the same declaration
 * serves the flag, the environment variable, the key in the settings file, the help text and `--print-config`.
 */
import { MAX_ID_LENGTH } from '../core/limits.ts';
import { ScriptoriumError } from '../errors.ts';

export interface Option<T> {
  readonly kind: 'switch' | 'single' | 'list';
  /** Shown in the help as the value's name; empty for a switch. */
  readonly placeholder: string;
  /** One sentence with unit and bound. */
  readonly description: string;
  readonly fallback: T;
  /** Checks what came from a flag, the environment or the file; throws with the rule that was broken. */
  parse(given: unknown): T;
}

export type Options = Readonly<Record<string, Option<unknown>>>;
export type Settings<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** A broken rule, before it is known which option broke it. */
class RuleError extends Error {}

/** For `parse`: what was given breaks the rule. */
export const refuse = (given: unknown, rule: string): never => {
  throw new RuleError(`${JSON.stringify(given) ?? String(given)} is not ${rule}`);
};

export const badOption = (message: string): ScriptoriumError => new ScriptoriumError('BAD_OPTION', message);

/** Parses one value and names the option and where the value came from when it breaks a rule. */
export function parseOption<T>(option: Option<T>, given: unknown, named: string): T {
  try {
    return option.parse(given);
  } catch (error) {
    if (error instanceof RuleError) throw badOption(`${named}: ${error.message}`);
    throw error;
  }
}

interface Wording<T> {
  readonly description: string;
  readonly fallback: T;
}

export function integer<T extends number | undefined = number>(
  wording: Wording<T> & { readonly minimum: number; readonly maximum: number; readonly unit?: string },
): Option<number | T> {
  const { minimum, maximum, unit } = wording;
  const rule = `a whole number from ${minimum} to ${maximum}`;
  const shown = wording.fallback === undefined ? '' : `, default ${wording.fallback}`;
  return {
    kind: 'single',
    placeholder: unit ?? 'number',
    description: `${wording.description} (${minimum} to ${maximum}${unit === undefined ? '' : ` ${unit}`}${shown})`,
    fallback: wording.fallback,
    parse(given) {
      const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return refuse(given, rule);
      return value < minimum || value > maximum ? refuse(given, rule) : value;
    },
  };
}

export function toggle(wording: { readonly description: string }): Option<boolean> {
  return {
    kind: 'switch',
    placeholder: '',
    description: wording.description,
    fallback: false,
    parse(given) {
      if (given === true || given === 'true' || given === '1') return true;
      if (given === false || given === 'false' || given === '0') return false;
      return refuse(given, 'true or false');
    },
  };
}

interface TextRule {
  readonly placeholder: string;
  readonly rule: string;
  readonly test: (value: string) => boolean;
}

/** `host:port`; a host is a name, an IPv4 address or an IPv6 address in brackets. Port 0 picks a free one to listen on. */
const ADDRESS: TextRule = {
  placeholder: 'host:port',
  rule: 'an address like 127.0.0.1:7101',
  test: (value) => {
    const port = /^(?:[\w.-]+|\[[\da-f:]+\]):(\d{1,5})$/i.exec(value)?.[1];
    return port !== undefined && Number(port) <= 65535;
  },
};

const IDENTIFIER: TextRule = {
  placeholder: 'id',
  rule: `an id of 1 to ${MAX_ID_LENGTH} letters, digits, ".", "_" or "-"`,
  test: (value) => value.length <= MAX_ID_LENGTH && /^[\w.-]+$/.test(value),
};

const PATH: TextRule = {
  placeholder: 'path',
  rule: 'a path',
  test: (value) => value !== '' && !value.includes('\0'),
};

/** Others find it by the port, so that must not be 0. */
const SCRIBE: TextRule = {
  placeholder: 'id=host:port',
  rule: 'a scribe like a=127.0.0.1:7101',
  test: (value) => {
    const split = value.indexOf('=');
    const where = value.slice(split + 1);
    return split > 0 && IDENTIFIER.test(value.slice(0, split)) && ADDRESS.test(where) && !/:0+$/.test(where);
  },
};

const CLUSTER_ID: TextRule = {
  placeholder: 'hex',
  rule: 'a cluster id of 32 hex digits',
  test: (value) => /^[\da-f]{32}$/.test(value),
};

const CUT: TextRule = {
  placeholder: 'segment:offset',
  rule: 'a place like segment-0000000000000001.log:139264',
  test: (value) => /^segment-[\da-f]{16}\.log:\d{1,10}$/.test(value),
};

const PLAN: TextRule = {
  placeholder: 'hex',
  rule: 'a confirmation of 12 hex digits, as printed without it',
  test: (value) => /^[\da-f]{12}$/.test(value),
};

const checked = (rule: TextRule, given: unknown): string =>
  typeof given === 'string' && rule.test(given) ? given : refuse(given, rule.rule);

const withDefault = (wording: Wording<string | undefined>): string =>
  wording.fallback === undefined ? wording.description : `${wording.description} (default ${wording.fallback})`;

const text =
  (rule: TextRule) =>
  <T extends string | undefined>(wording: Wording<T>): Option<string | T> => ({
    kind: 'single',
    placeholder: rule.placeholder,
    description: withDefault(wording),
    fallback: wording.fallback,
    parse: (given) => checked(rule, given),
  });

/** A list: the flag may be repeated and, like the variable, may hold several values with commas between. */
const list =
  (rule: TextRule) =>
  (wording: { readonly description: string }): Option<readonly string[]> => ({
    kind: 'list',
    placeholder: `${rule.placeholder},…`,
    description: wording.description,
    fallback: [],
    parse(given) {
      const items = (Array.isArray(given) ? given : [given]).flatMap((item: unknown) =>
        typeof item === 'string' ? item.split(',') : [item],
      );
      return items.map((item) => checked(rule, item));
    },
  });

export const address = text(ADDRESS);
export const identifier = text(IDENTIFIER);
export const path = text(PATH);
export const clusterIdentifier = text(CLUSTER_ID);
export const cutPlace = text(CUT);
export const planConfirmation = text(PLAN);
export const paths = list(PATH);
export const addresses = list(ADDRESS);
export const scribeList = list(SCRIBE);

export function choice<const C extends string>(wording: Wording<C> & { readonly choices: readonly C[] }): Option<C> {
  return {
    kind: 'single',
    placeholder: wording.choices.join('|'),
    description: `${wording.description} (default ${wording.fallback})`,
    fallback: wording.fallback,
    parse: (given) =>
      wording.choices.find((one) => one === given) ?? refuse(given, `one of ${wording.choices.join(', ')}`),
  };
}

/** Splits a checked `host:port`; brackets around an IPv6 address are dropped. */
export function splitAddress(value: string): { readonly host: string; readonly port: number } {
  const split = value.lastIndexOf(':');
  return { host: value.slice(0, split).replace(/^\[|\]$/g, ''), port: Number(value.slice(split + 1)) };
}
