/**
 * The definition of a cluster that `init` makes once: its id and the scribes it begins with, uuids included, so that every
 * scribe, wherever it is formatted, starts with the very same first entry. After that the log alone says who the scribes
 * are; the file remains a list of first contacts, to which later ones may be added, and its scribes are never changed.
 */
import { readFile } from 'node:fs/promises';
import { MAX_SCRIBES } from '../core/limits.ts';
import { whyNotQuorums } from '../core/quorum.ts';
import type { Batch, EntryId, Quorums, ScribeMember } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { randomHex } from '../runtime/random.ts';
import { Journal } from '../storage/journal.ts';
import type { FormatOptions as JournalFormatOptions } from '../storage/journal-types.ts';
import { encodeConfigurationBatch } from '../wire/batch.ts';
import { ADDRESS_PATTERN, ID_PATTERN } from '../wire/fields.ts';
import { createFile, makeDirectory, replaceFile } from './directories.ts';
import { HEX_128 } from './names.ts';

export interface ClusterFile {
  readonly schema: 1;
  /** 32 hex digits. */
  readonly clusterId: string;
  /** Wall clock at creation; the stamp of the first entry. */
  readonly createdMillis: number;
  readonly scribes: readonly ScribeMember[];
  /** By which the scribes decide in the beginning; without: by majorities. */
  readonly quorums?: Quorums;
  /** Made by unsafe recovery and not by `init`: whatever another scribe of that cluster had acknowledged may be missing. */
  readonly recovered?: RecoveredFrom;
  /** Where the scribes listened when their members were last changed with this file at hand. */
  readonly contacts?: readonly string[];
}

/** Whose log an unsafe recovery went on with, and where that log ended. */
export interface RecoveredFrom {
  readonly clusterId: string;
  readonly storageUuid: string;
  readonly tail: EntryId;
}

export type FormatOptions = Pick<JournalFormatOptions, 'segmentBytes' | 'allowBuffered'>;

/** The first entry and the hard state that goes with it: term 1 is over before anybody could stand in it. */
export const FIRST_TERM = 1;

export function createCluster(
  scribes: readonly Pick<ScribeMember, 'scribeId' | 'address'>[],
  quorums: Quorums | null = null,
): ClusterFile {
  const members = scribes.map(({ scribeId, address }) => ({ scribeId, address, storageUuid: randomHex(16) }));
  return parseCluster(
    {
      schema: 1,
      clusterId: randomHex(16),
      createdMillis: systemClock.wallMillis(),
      scribes: members,
      ...(quorums && { quorums }),
    },
    'the cluster',
  );
}

export async function readClusterFile(path: string): Promise<ClusterFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ScriptoriumError('BAD_OPTION', `cannot read the cluster file ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ScriptoriumError('BAD_OPTION', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  return parseCluster(value, path);
}

/** Never overwrites: a second `init` must not replace a cluster. */
export const writeClusterFile = (path: string, file: ClusterFile): Promise<void> => createFile(path, print(file));

const print = (file: ClusterFile): string => `${JSON.stringify(file, null, 2)}\n`;

/** Addresses to look for scribes at, the newest known first. */
export const contactsOf = ({ contacts = [], scribes }: ClusterFile): readonly string[] => [
  ...new Set([...contacts, ...scribes.map(({ address }) => address)]),
];

/** Note where the scribes listen now. */
export async function writeContacts(path: string, contacts: readonly string[]): Promise<void> {
  await replaceFile(path, print({ ...(await readClusterFile(path)), contacts }));
}

/**
 * Make a blank `directory` the home of a scribe that no configuration names: under a storage uuid of its own and with an empty
 * log it neither stores nor votes until a change of the members lets it in (R26).
 */
export async function formatNewcomer(
  { clusterId }: ClusterFile,
  scribeId: string,
  directory: string,
  options: FormatOptions = {},
): Promise<void> {
  makeDirectory(directory);
  await Journal.format({ directory, identity: { clusterId, scribeId, storageUuid: randomHex(16) }, ...options });
}

/** Make `directory` the home of one of the cluster's scribes, its log holding the configuration as entry 1. */
export async function formatScribe(
  file: ClusterFile,
  scribeId: string,
  directory: string,
  options: FormatOptions = {},
): Promise<void> {
  if (file.recovered !== undefined)
    throw new ScriptoriumError('BAD_OPTION', 'the log of a recovered cluster is not made anew; use scribe --join');
  const member = memberOf(file, scribeId);
  makeDirectory(directory);
  await Journal.format({
    directory,
    identity: { clusterId: file.clusterId, scribeId, storageUuid: member.storageUuid },
    genesis: [genesis(file).bytes],
    hardState: { group: 0, term: FIRST_TERM },
    ...options,
  });
}

/** The scribe of this name; BAD_OPTION when the file has none. */
export function memberOf({ scribes }: ClusterFile, scribeId: string): ScribeMember {
  const member = scribes.find((scribe) => scribe.scribeId === scribeId);
  if (member !== undefined) return member;
  const known = scribes.map((scribe) => scribe.scribeId).join(', ');
  throw new ScriptoriumError('BAD_OPTION', `scribe ${scribeId} is not in the cluster file; it has ${known}`);
}

const genesis = ({ createdMillis, scribes, quorums }: ClusterFile): Batch =>
  encodeConfigurationBatch(
    { term: FIRST_TERM, firstIndex: 1, timestampMillis: createdMillis },
    quorums === undefined ? { scribes } : { scribes, quorums },
  );

function parseCluster(value: unknown, source: string): ClusterFile {
  const bad = (rule: string): ScriptoriumError => new ScriptoriumError('BAD_OPTION', `${source}: ${rule}`);
  if (typeof value !== 'object' || value === null) throw bad('must be a JSON object');
  const { schema, clusterId, createdMillis, scribes, quorums, recovered, contacts } = value as Partial<
    Record<keyof ClusterFile, unknown>
  >;
  if (schema !== 1) throw bad(`schema is ${String(schema)}, this build reads 1`);
  if (typeof clusterId !== 'string' || !HEX_128.test(clusterId)) throw bad('clusterId must be 32 hex digits');
  if (!Number.isSafeInteger(createdMillis) || (createdMillis as number) < 0)
    throw bad('createdMillis must be an integer');
  if (!Array.isArray(scribes) || scribes.length === 0 || scribes.length > MAX_SCRIBES) {
    throw bad(`scribes must be a list of 1 to ${MAX_SCRIBES}`);
  }
  const members = scribes.map((scribe: unknown, position) => parseMember(scribe, `scribes[${position}]`, bad));
  for (const key of ['scribeId', 'storageUuid', 'address'] as const) {
    const values = members.map((member) => member[key]);
    const twice = values.find((candidate, position) => values.indexOf(candidate) !== position);
    if (twice !== undefined) throw bad(`two scribes have the same ${key}, ${twice}`);
  }
  const file: ClusterFile = {
    schema,
    clusterId,
    createdMillis: createdMillis as number,
    scribes: members,
    ...(quorums === undefined ? {} : { quorums: parseQuorums(quorums, members.length, bad) }),
    ...(recovered === undefined ? {} : { recovered: parseRecovered(recovered, bad) }),
  };
  if (contacts === undefined) return file;
  if (!Array.isArray(contacts) || contacts.length > MAX_SCRIBES || !contacts.every(isAddress))
    throw bad(`contacts must be a list of at most ${MAX_SCRIBES} addresses`);
  return { ...file, contacts };
}

function parseRecovered(value: unknown, bad: (rule: string) => ScriptoriumError): RecoveredFrom {
  const { clusterId, storageUuid, tail } = (value ?? {}) as Partial<Record<keyof RecoveredFrom, unknown>>;
  const { index, term } = (tail ?? {}) as Partial<Record<keyof EntryId, unknown>>;
  const isHex = (it: unknown): it is string => typeof it === 'string' && HEX_128.test(it);
  if (!isHex(clusterId) || !isHex(storageUuid) || !Number.isSafeInteger(index) || !Number.isSafeInteger(term))
    throw bad('recovered must have clusterId, storageUuid, and tail with index and term');
  return { clusterId, storageUuid, tail: { index: index as number, term: term as number } };
}

function parseQuorums(value: unknown, scribes: number, bad: (rule: string) => ScriptoriumError): Quorums {
  const { commit, vote } = (value ?? {}) as Partial<Record<keyof Quorums, unknown>>;
  if (typeof commit !== 'number' || typeof vote !== 'number')
    throw bad('quorums must have the numbers commit and vote');
  const why = whyNotQuorums({ commit, vote }, scribes);
  if (why !== null) throw bad(`quorums: ${why}`);
  return { commit, vote };
}

const isAddress = (value: unknown): value is string => typeof value === 'string' && ADDRESS_PATTERN.test(value);

function parseMember(value: unknown, place: string, bad: (rule: string) => ScriptoriumError): ScribeMember {
  const { scribeId, storageUuid, address } = (value ?? {}) as Partial<Record<keyof ScribeMember, unknown>>;
  if (typeof scribeId !== 'string' || !ID_PATTERN.test(scribeId))
    throw bad(`${place}.scribeId must match ${ID_PATTERN.source}`);
  // It is the name of a directory.
  if (/^\.{1,2}$/.test(scribeId)) throw bad(`${place}.scribeId must not be ${scribeId}`);
  if (typeof storageUuid !== 'string' || !HEX_128.test(storageUuid))
    throw bad(`${place}.storageUuid must be 32 hex digits`);
  if (typeof address !== 'string' || !ADDRESS_PATTERN.test(address)) throw bad(`${place}.address must be host:port`);
  return { scribeId, storageUuid, address };
}
