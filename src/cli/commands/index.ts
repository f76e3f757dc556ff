/** Every command, in the order of the help. */
import type { Command } from '../command.ts';
import { bench } from './bench.ts';
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { init } from './init.ts';
import { inspect } from './inspect.ts';
import { addMember, listMembers, removeMember, replaceMember, setQuorums } from './members.ts';
import { probeDiskCommand } from './probe-disk.ts';
import { repair } from './repair.ts';
import { scribe } from './scribe.ts';
import { status } from './status.ts';
import { unsafeRecover } from './unsafe-recover.ts';
import { verify } from './verify.ts';
import { worker } from './worker.ts';

export const COMMANDS: readonly Command[] = [
  init,
  scribe,
  worker,
  dev,
  status,
  listMembers,
  addMember,
  removeMember,
  replaceMember,
  setQuorums,
  bench,
  inspect,
  verify,
  repair,
  unsafeRecover,
  probeDiskCommand,
  demo,
];
