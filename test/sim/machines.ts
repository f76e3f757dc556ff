/**
 * The classes under test, and nothing else of src at run time, with the disks below them: the simulator takes them as a parameter, so that
 * a mutant can stand in for the real ones. Everything the checks compute they compute without code of the core.
 */
import { ScribeMachine } from '../../src/core/scribe.ts';
import { WorkerMachine } from '../../src/core/worker.ts';
import { DiskRoom } from '../../src/runtime/disk-room.ts';
import type { Image, ScribeDisk } from './disk.ts';
import type { LogTree } from './log-tree.ts';

export interface Machines {
  readonly ScribeMachine: typeof ScribeMachine;
  readonly WorkerMachine: typeof WorkerMachine;
  /** What a scribe's machine hears while its disk is full. */
  readonly DiskRoom: typeof DiskRoom;
  /** What scribes live on, where it is not the disk of disk.ts. */
  readonly newDisk?: (image: Image, tree: LogTree, scribeId: string, storageUuid: string) => ScribeDisk;
}

export const realMachines: Machines = { ScribeMachine, WorkerMachine, DiskRoom };
