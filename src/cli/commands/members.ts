/** `members list | add | remove | replace | quorums`: who the scribes of a running cluster are, and changing that while it serves. */
import type { MembershipChange } from '../../core/membership.ts';
import { membersOf, quorumsOf } from '../../core/quorum.ts';
import type { Voters } from '../../core/types.ts';
import { isScriptoriumError, ScriptoriumError } from '../../errors.ts';
import { contactsOf, readClusterFile, writeContacts } from '../../node/cluster-file.ts';
import {
  type Contacts,
  describeMembers,
  findLeader,
  isChanging,
  type Leader,
  type Member,
  newcomerAt,
  seeThrough,
} from '../../node/members.ts';
import type { IndexedConfiguration } from '../../node/status.ts';
import { type CommandGroup, defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { address, addresses, badOption, identifier, integer, path, type Settings } from '../options.ts';
import { formatTable, note, print, printJson } from '../output.ts';
import { chosenQuorums, quorumChoice } from '../quorum-options.ts';
import { json } from './shared.ts';

const group: CommandGroup = { name: 'members', summary: 'list or change the scribes of a running cluster' };

const whom = {
  cluster: path({
    description: 'Cluster file; changes note in it where the scribes are.',
    fallback: './data/cluster.json',
  }),
  workers: addresses({ description: 'Workers to ask, where the scribes of the file are all gone.' }),
};
const waitSeconds = integer({
  description: 'How long to wait until the change is over; it goes on without anybody waiting.',
  fallback: 600,
  minimum: 1,
  maximum: 600,
  unit: 's',
});
const newcomer = 'Where the newcomer listens, started with `scribe --join`';

async function contacts({ cluster, workers }: Settings<typeof whom>): Promise<Contacts> {
  const file = await readClusterFile(cluster);
  return { clusterId: file.clusterId, scribes: contactsOf(file), workers };
}

/** What answers at a member's address: its own disk, or another one. */
const stateOf = ({ storageUuid, status }: Member): string => {
  if (status === null) return 'unreachable';
  return status.storageUuid === storageUuid ? status.state : 'another-disk';
};

const durableOf = (member: Member): number | null =>
  member.status?.storageUuid === member.storageUuid ? member.status.durableIndex : null;

/** What the voters now decide by, and, while that changes, what they decided by before or will. */
function describeQuorums({ outgoing, target, ...now }: IndexedConfiguration): string {
  const of = (voters: Voters): string => {
    const { commit, vote } = quorumsOf(voters);
    const how = voters.quorums === undefined ? 'by majorities' : 'by choice';
    return `${commit} of ${voters.scribes.length} commit, ${vote} elect (${how})`;
  };
  if (outgoing !== undefined) return `quorums: ${of(outgoing)}, and ${of(now)}: both must agree`;
  return `quorums: ${of(now)}${target === undefined ? '' : `; to come: ${of(target)}`}`;
}

async function show(clusterId: string, { status }: Leader, asJson: boolean): Promise<void> {
  const { configuration, workerId, commitIndex } = status;
  const members = await describeMembers(clusterId, configuration);
  const changing = isChanging(configuration);
  if (asJson) {
    const rows = members.map((member) => {
      const { scribeId, storageUuid, address, part } = member;
      return { scribeId, storageUuid, address, part, state: stateOf(member), durableIndex: durableOf(member) };
    });
    printJson({
      clusterId,
      leader: workerId,
      configurationIndex: configuration.index,
      commitIndex,
      changing,
      quorums: { ...quorumsOf(configuration), chosen: configuration.quorums !== undefined },
      members: rows,
    });
    return;
  }
  print(`cluster ${clusterId}: leader ${workerId}, commit ${commitIndex}${changing ? ', a change is under way' : ''}`);
  print(describeQuorums(configuration));
  const rows = members.map((member) => {
    const { scribeId, part, address, storageUuid } = member;
    return [scribeId, part, address, stateOf(member), durableOf(member) ?? '', storageUuid];
  });
  print(formatTable([['scribe', 'part', 'address', 'state', 'durable', 'disk'], ...rows]));
  for (const member of members.filter((one) => stateOf(one) === 'another-disk'))
    note(
      `${member.scribeId}: the disk ${member.status?.storageUuid} answers there, which no vote counts; ` +
        `\`members replace --scribe ${member.scribeId}\` lets it in where the old one is lost`,
    );
}

/** Asks for the change, waits, and shows what has become of the members. */
async function carryOut(
  settings: Settings<typeof whom> & { readonly waitSeconds: number; readonly json: boolean },
  choose: (configuration: IndexedConfiguration, clusterId: string) => Promise<MembershipChange>,
): Promise<number> {
  const known = await contacts(settings);
  const leader = await findLeader(known);
  const change = await choose(leader.status.configuration, known.clusterId);
  const over = await seeThrough(known, { leader, change, deadlineMillis: settings.waitSeconds * 1000 });
  await noteContacts(settings.cluster, over.status.configuration);
  await show(known.clusterId, over, settings.json);
  return EXIT.done;
}

/** The members have changed already: a file that cannot be written is worth a word, not a failure. */
async function noteContacts(file: string, configuration: IndexedConfiguration): Promise<void> {
  try {
    await writeContacts(
      file,
      membersOf(configuration).map((member) => member.address),
    );
  } catch (error) {
    note(`${file} could not be updated; workers look for scribes where it says: ${(error as Error).message}`);
  }
}

const unreachableNewcomer = (where: string, id: string, cause: unknown): ScriptoriumError =>
  new ScriptoriumError(
    'UNREACHABLE',
    `no scribe answers at ${where}: start it on a blank directory with ` +
      `\`scriptorium scribe --dir DIRECTORY --join CLUSTER_FILE --id ${id} --listen ${where}\`, and try again`,
    { cause },
  );

async function member(where: string, clusterId: string, configuration: IndexedConfiguration, id: string) {
  try {
    return await newcomerAt(where, clusterId, configuration);
  } catch (error) {
    if (isScriptoriumError(error) && error.code === 'UNREACHABLE') throw unreachableNewcomer(where, id, error);
    throw error;
  }
}

export const listMembers = defineCommand({
  group,
  name: 'list',
  summary: 'show the scribes by the word of the leader, and what each of them says',
  options: { ...whom, json },
  async run(settings) {
    const known = await contacts(settings);
    await show(known.clusterId, await findLeader(known), settings.json);
    return EXIT.done;
  },
});

export const addMember = defineCommand({
  group,
  name: 'add',
  summary: 'let one more scribe in',
  options: {
    ...whom,
    newcomer: address({ description: `${newcomer}.`, fallback: undefined }),
    ...quorumChoice,
    waitSeconds,
    json,
  },
  async run(settings) {
    const { newcomer: where } = settings;
    if (where === undefined)
      throw badOption('--newcomer is needed: the address of a scribe started with `scribe --join`');
    const quorums = chosenQuorums(settings);
    return await carryOut(settings, async (configuration, clusterId) => ({
      kind: 'add',
      member: await member(where, clusterId, configuration, 'ID'),
      ...(quorums === null ? {} : { quorums }),
    }));
  },
});

export const removeMember = defineCommand({
  group,
  name: 'remove',
  summary: 'take a scribe out, or call off that one joins',
  options: {
    ...whom,
    scribe: identifier({ description: 'Who leaves.', fallback: undefined }),
    ...quorumChoice,
    waitSeconds,
    json,
  },
  async run(settings) {
    const { scribe } = settings;
    if (scribe === undefined) throw badOption('--scribe is needed: who is to leave');
    const quorums = chosenQuorums(settings);
    return await carryOut(settings, async () => ({
      kind: 'remove',
      scribeId: scribe,
      ...(quorums === null ? {} : { quorums }),
    }));
  },
});

export const replaceMember = defineCommand({
  group,
  name: 'replace',
  summary: "let a blank disk take a scribe's place",
  options: {
    ...whom,
    scribe: identifier({ description: 'Whose disk is to go.', fallback: undefined }),
    newcomer: address({ description: `${newcomer}; without it where the old one did.`, fallback: undefined }),
    waitSeconds,
    json,
  },
  async run(settings) {
    const { scribe } = settings;
    if (scribe === undefined) throw badOption('--scribe is needed: whose disk is to go');
    return await carryOut(settings, async (configuration, clusterId) => {
      const old = membersOf(configuration).find(({ scribeId }) => scribeId === scribe);
      const where = settings.newcomer ?? old?.address;
      if (where === undefined) throw badOption(`--scribe: no scribe is called ${scribe}; see \`members list\``);
      const joining = await member(where, clusterId, configuration, scribe);
      if (joining.storageUuid === old?.storageUuid && joining.scribeId === scribe && settings.newcomer === undefined)
        throw badOption(
          `scribe ${scribe} runs on the disk that the configuration names; --newcomer says who takes its place`,
        );
      return { kind: 'replace', scribeId: scribe, member: joining };
    });
  },
});

export const setQuorums = defineCommand({
  group,
  name: 'quorums',
  summary: 'say how many scribes commit and how many elect, or let majorities decide',
  options: { ...whom, ...quorumChoice, waitSeconds, json },
  async run(settings) {
    const quorums = chosenQuorums(settings);
    if (quorums === null) throw badOption('--commit-quorum with --vote-quorum is needed, or --majorities');
    return await carryOut(settings, async () => ({ kind: 'quorums', quorums }));
  },
});
