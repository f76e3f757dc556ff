/** Names and addresses that a program gives, checked when they are given: later they would break a link, and say nothing. */
import { ScriptoriumError } from '../errors.ts';
import { ADDRESS_PATTERN, ID_PATTERN } from '../wire/fields.ts';

/** 16 bytes in lower case: ids of clusters, disks and incarnations. */
export const HEX_128 = /^[0-9a-f]{32}$/;

const bad = (option: string, given: unknown, rule: string): ScriptoriumError =>
  new ScriptoriumError('BAD_OPTION', `${option}: ${JSON.stringify(given)} is not ${rule}`);

/** BAD_OPTION unless there is an address, and each is `host:port`. */
export function checkContacts(option: string, addresses: readonly string[]): void {
  if (addresses.length === 0) throw new ScriptoriumError('BAD_OPTION', `${option}: at least one host:port is needed`);
  for (const address of addresses) if (!ADDRESS_PATTERN.test(address)) throw bad(option, address, 'host:port');
}

export function checkClusterId(clusterId: string): void {
  if (!HEX_128.test(clusterId)) throw bad('clusterId', clusterId, 'a cluster id of 32 hex digits');
}

export function checkWorkerId(workerId: string): void {
  if (!ID_PATTERN.test(workerId)) throw bad('workerId', workerId, `a name that matches ${ID_PATTERN.source}`);
}
