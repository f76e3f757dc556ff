/**
 * What clients asked and were told, and whether one order explains it. The state machine is the list of commands applied, so
 * a read's answer is how much of the log it saw, and linearizability comes down to three comparisons with the highest index
 * any operation had shown before this one began.
 */
import { FILLER, type LogNode } from './log-tree.ts';
import { demand } from './violation.ts';

export type Outcome = 'pending' | 'executed' | 'not-executed' | 'unknown';

export interface Operation {
  readonly number: number;
  readonly kind: 'write' | 'read';
  /** Highest index that some finished operation had shown when this one began. */
  readonly floor: number;
  outcome: Outcome;
  /** Index of the write, or the applied index the read saw. */
  index: number;
  /** Called once, when the outcome is known. */
  settled: (operation: Operation) => void;
}

export class Operations {
  readonly #all: Operation[] = [];
  #shown = 0;

  get executed(): readonly Operation[] {
    return this.#all.filter(({ outcome }) => outcome === 'executed');
  }
  get count(): number {
    return this.#all.length;
  }

  begin(kind: Operation['kind'], settled: Operation['settled']): Operation {
    const operation: Operation = {
      number: this.#all.length,
      kind,
      floor: this.#shown,
      outcome: 'pending',
      index: 0,
      settled,
    };
    this.#all.push(operation);
    return operation;
  }

  executedAt(operation: Operation, index: number): void {
    const { number, kind, floor } = operation;
    if (operation.outcome !== 'pending' && kind === 'read') return; // the client no longer waits
    // A read misses nothing that had finished before it began; a write comes after everything that had been seen.
    if (kind === 'read')
      demand(index >= floor, 'stale-read', () => `read ${number} saw ${index}, ${floor} had been shown`);
    else demand(index > floor, 'write-in-the-past', () => `write ${number} at ${index}, ${floor} had been shown`);
    if (operation.outcome !== 'pending') return;
    operation.index = index;
    this.#shown = Math.max(this.#shown, index);
    this.#settle(operation, 'executed');
  }

  refuse(operation: Operation): void {
    if (operation.outcome === 'pending') this.#settle(operation, 'not-executed');
  }

  giveUp(operation: Operation): void {
    if (operation.outcome === 'pending') this.#settle(operation, 'unknown');
  }

  #settle(operation: Operation, outcome: Outcome): void {
    operation.outcome = outcome;
    operation.settled(operation);
  }

  /** Against the committed log at the end: each command at most once, where it was said to be, and never one that was refused. */
  judge(committed: readonly LogNode[]): void {
    const at = new Map<number, number>();
    for (const node of committed) {
      for (const [position, command] of node.commands.entries()) {
        if (command === FILLER) continue;
        demand(!at.has(command), 'executed-twice', () => `command ${command}`);
        at.set(command, node.firstIndex + position);
      }
    }
    for (const { number, kind, outcome, index, floor } of this.#all) {
      if (kind === 'read') continue;
      const found = at.get(number);
      if (outcome === 'executed')
        demand(found === index, 'acknowledged-lost', () => `write ${number} at ${index}, found at ${found}`);
      if (outcome === 'not-executed')
        demand(found === undefined, 'refused-executed', () => `write ${number} at ${found}`);
      demand(
        found === undefined || found > floor,
        'write-in-the-past',
        () => `write ${number} at ${found}, ${floor} had been shown`,
      );
    }
  }
}
