/**
 * Brings the machines to where an exploration is to start, by the same steps the exploration takes: who ticks, who hears whom,
 * whose disk completes, who crashes. What is not delivered stays under way.
 */
import type { MembershipChange } from '../../src/core/membership.ts';
import type { Part } from './bodies.ts';
import type { MoveTable } from './moves.ts';
import { crashScribe, flush, lapse, newScribe, readDone, receive, type ScribePart } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { change, crashWorker, newWorker, propose, receiveAtWorker, tick, type WorkerPart } from './worker-part.ts';

/** More deliveries than this in one exchange is two machines that never come to rest. */
const MOST_DELIVERIES = 2000;

export class Stage {
  readonly setting: Setting;
  readonly members: number;
  /** The node that `init` wrote. */
  readonly first: number;
  readonly parts: Part[] = [];
  /** Letters under way, by the slot that sent them. */
  readonly sent: number[][] = [];

  constructor(setting: Setting, members: number) {
    this.setting = setting;
    this.members = members;
    this.first = setting.nodes.grow(0, 'configuration', 1, setting.members(members)).number;
    for (let slot = 0; slot < setting.slots; slot++) {
      this.sent.push([]);
      const isScribe = slot < setting.cast.scribes;
      this.#put(
        slot,
        isScribe ? newScribe(setting, slot, slot < members ? this.first : 0) : newWorker(setting, slot, members),
      );
    }
  }

  scribe(slot: number): ScribePart {
    return this.parts[slot] as ScribePart;
  }

  worker(slot: number): WorkerPart {
    return this.parts[slot] as WorkerPart;
  }

  #put(slot: number, part: Part | null): boolean {
    if (part === null) return false;
    (this.sent[slot] as number[]).push(...part.sent);
    part.sent = [];
    this.parts[slot] = part;
    return true;
  }

  tick(worker: number): void {
    if (!this.#put(worker, tick(this.setting, this.worker(worker)))) throw new Error('it wants no tick');
  }

  propose(worker: number): void {
    if (!this.#put(worker, propose(this.setting, this.worker(worker)))) throw new Error('it takes no command');
  }

  change(worker: number, wish: MembershipChange): void {
    this.#put(worker, change(this.setting, this.worker(worker), wish));
  }

  flush(scribe: number): boolean {
    return this.#put(scribe, flush(this.setting, scribe, this.scribe(scribe)));
  }

  lapse(...scribes: readonly number[]): void {
    for (const slot of scribes) this.#put(slot, lapse(this.setting, slot, this.scribe(slot)));
  }

  crash(slot: number, surviving = 0): void {
    const { setting } = this;
    const part = this.parts[slot] as Part;
    this.#put(
      slot,
      part.kind === 'scribe'
        ? crashScribe(setting, slot, part, surviving)
        : crashWorker(setting, slot, part, this.members),
    );
  }

  /** The oldest letter from one slot to another arrives; false when there is none. */
  deliver(from: number, to: number): boolean {
    const { letters } = this.setting;
    const under = this.sent[from] as number[];
    const at = under.findIndex((letter) => letters.at(letter).toSlot === to);
    if (at === -1) return false;
    const [letter] = under.splice(at, 1) as [number];
    const part = this.parts[to] as Part;
    const content = letters.at(letter);
    const next =
      part.kind === 'scribe' ? receive(this.setting, to, part, content) : receiveAtWorker(this.setting, part, content);
    this.#put(to, next);
    return true;
  }

  /** Everything under way from one slot to another arrives. */
  carry(from: number, ...to: readonly number[]): void {
    for (const slot of to) while (this.deliver(from, slot));
  }

  /** What is under way from one slot to others is lost. */
  lose(from: number, ...to: readonly number[]): void {
    const kept = (this.sent[from] as number[]).filter((letter) => !to.includes(this.setting.letters.at(letter).toSlot));
    this.sent[from] = kept;
  }

  /** Nothing is under way any more but what these have sent. */
  hush(...except: readonly number[]): void {
    for (const slot of this.sent.keys()) if (!except.includes(slot)) this.sent[slot] = [];
  }

  /** Those named hear each other, and their disks complete, until nothing is under way or `enough`. */
  exchange(slots: readonly number[], enough: () => boolean = () => false): void {
    for (let turn = 0, moved = true; moved && !enough(); turn++) {
      if (turn > MOST_DELIVERIES) throw new Error('they never come to rest');
      moved = false;
      for (const from of slots) {
        for (const to of slots) {
          if (from === to || enough()) continue;
          moved = this.deliver(from, to) || moved;
        }
      }
      for (const slot of slots) {
        if (slot >= this.setting.cast.scribes || enough()) continue;
        moved = this.flush(slot) || moved;
        moved = this.#put(slot, readDone(this.setting, slot, this.scribe(slot))) || moved;
      }
    }
  }

  /** The worker becomes leader by the votes of these scribes; what it sends then is under way. */
  elect(worker: number, ...scribes: readonly number[]): void {
    const leads = (): boolean => this.worker(worker).machine.role === 'leader';
    for (let tries = 0; tries < 6 && !leads(); tries++) {
      this.lapse(...scribes);
      this.tick(worker);
      this.exchange([worker, ...scribes], leads);
    }
    if (!leads()) throw new Error('it is not elected');
  }

  /** Start exploring from here: what was counted until now does not count against the bounds. */
  enter({ bodies, said }: MoveTable): number[] {
    const start = this.parts.map((part, slot) => {
      if (part.kind === 'worker') {
        part.ticks = 0;
        part.commands = 0;
        part.reads = 0;
      }
      return bodies.enter(slot, part);
    });
    return [...start, ...this.sent.map((letters) => said.enter(letters))];
  }
}
