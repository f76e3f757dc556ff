/** Turns the plain errors of the native binary into the project's one error class. */
import { ERRORS, type ErrorCode, ScriptoriumError } from '../errors.ts';

/** Errors of the binary carry a `code` of the table; anything else is a defect and passes through untouched. */
export function toScriptoriumError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ScriptoriumError) return error;
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) return error;
  return new ScriptoriumError(code as ErrorCode, error.message, { cause: error });
}

export function calling<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw toScriptoriumError(error);
  }
}

export async function promising<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toScriptoriumError(error);
  }
}
