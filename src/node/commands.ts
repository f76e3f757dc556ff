/** What may be proposed or asked, checked before anything is queued (C04). */
import { types } from 'node:util';
import { MAX_ENTRY_BYTES } from '../core/limits.ts';
import type { MembershipChange } from '../core/membership.ts';
import { ScriptoriumError } from '../errors.ts';
import { MAX_BODY_BYTES } from '../wire/batch.ts';
import { decodeRequest, encodeRequest, MAX_QUERY_BYTES } from '../wire/client-protocol.ts';
import { ENTRY_HEADER_BYTES } from '../wire/entries.ts';

/** Bytes the commands take as an entry section; BAD_OPTION for none or what is none, TOO_LARGE where one or all are beyond the bounds. */
export function checkCommands(commands: readonly Uint8Array[]): number {
  if (!Array.isArray(commands) || commands.length === 0)
    throw new ScriptoriumError('BAD_OPTION', 'a batch needs at least one command, in an array');
  let bytes = 0;
  for (const command of commands) {
    checkBytes('a command', command);
    const { length } = command;
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
export function checkQuery(query: Uint8Array): void {
  checkBytes('a query', query);
  const { length } = query;
  if (length > MAX_QUERY_BYTES)
    throw new ScriptoriumError('TOO_LARGE', `a query has ${length} bytes, the bound is ${MAX_QUERY_BYTES}`);
}

/** What the leader's end of the link would not understand ends that link; BAD_OPTION says why it would not. */
export function checkChange(change: MembershipChange): void {
  try {
    decodeRequest(encodeRequest({ kind: 'changeMembers', request: 1, change }));
  } catch (cause) {
    const rule =
      'a change is { kind: add | remove | replace | quorums } with the scribeId, member or quorums that go with it';
    throw new ScriptoriumError('BAD_OPTION', `${rule}: ${(cause as Error).message}`, { cause });
  }
}

/** A text has a length, too, and would be written down as so many zeros. */
function checkBytes(what: string, value: unknown): void {
  if (types.isUint8Array(value)) return;
  throw new ScriptoriumError(
    'BAD_OPTION',
    `${what} is a Uint8Array, such as Buffer.from(text); it was given as ${kindOf(value)}`,
  );
}

const kindOf = (value: unknown): string => (value === null ? 'null' : `a value of type ${typeof value}`);
