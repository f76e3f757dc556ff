/** What may be proposed or asked, checked before anything is queued (C04). */
import { MAX_ENTRY_BYTES } from '../core/limits.ts';
import { ScriptoriumError } from '../errors.ts';
import { MAX_BODY_BYTES } from '../wire/batch.ts';
import { MAX_QUERY_BYTES } from '../wire/client-protocol.ts';
import { ENTRY_HEADER_BYTES } from '../wire/entries.ts';

/** Bytes the commands take as an entry section; BAD_OPTION for none, TOO_LARGE where one or all are beyond the bounds. */
export function checkCommands(commands: readonly Uint8Array[]): number {
  if (commands.length === 0) throw new ScriptoriumError('BAD_OPTION', 'a batch needs at least one command');
  let bytes = 0;
  for (const { length } of commands) {
    if (length > MAX_ENTRY_BYTES) {
      throw new ScriptoriumError(
        'TOO_LARGE',
        `a command has ${length} bytes, the bound is ${MAX_ENTRY_BYTES}; split it`,
      );
    }
    bytes += ENTRY_HEADER_BYTES + length;
  }
  if (bytes > MAX_BODY_BYTES) {
    throw new ScriptoriumError('TOO_LARGE', `a batch takes ${bytes} bytes, the bound is ${MAX_BODY_BYTES}; split it`);
  }
  return bytes;
}

/** TOO_LARGE: in a frame beyond its bound it would end the link, and take the other calls on it along. */
export function checkQuery({ length }: Uint8Array): void {
  if (length > MAX_QUERY_BYTES)
    throw new ScriptoriumError('TOO_LARGE', `a query has ${length} bytes, the bound is ${MAX_QUERY_BYTES}`);
}
