/**
 * Who changes the members in a run: adds, removes and replaces scribes, and loses whole disks, one change after the other,
 * through whichever worker leads, asking again where no answer came. Legal throughout: never more disks are lost than the
 * configuration bears, and a lost disk comes back only as a new one, under another storage uuid, that asks to be let in (R26).
 * Where the plan has numbers for quorums it changes those too, and now and then asks for numbers that must be refused.
 */
import type { MembershipChange, QuorumChoice } from '../../src/core/membership.ts';
import type { Quorums, ScribeMember } from '../../src/core/types.ts';
import type { Random } from '../random.ts';
import { Image } from './disk.ts';
import { someQuorums } from './plan.ts';
import type { World } from './world.ts';

/** An answer that does not come for so long is not waited for. */
const PATIENCE_MILLIS = 400;
const MOST_SCRIBES = 6;

export class Operator {
  readonly #world: World;
  readonly #random: Random;
  #stopped = false;
  #made = 0;
  #request = 0;
  /** The change that is wanted until it is done. */
  #wanted: MembershipChange | null = null;
  /** How many changes of each kind were carried out. */
  readonly done = new Map<string, number>();

  constructor(world: World, everyMillis: number) {
    this.#world = world;
    this.#random = world.random.fork();
    this.#next(everyMillis);
  }

  /** No new change; the one under way is carried out. */
  stop(): void {
    this.#stopped = true;
  }

  get idle(): boolean {
    return this.#stopped && this.#wanted === null;
  }

  #next(everyMillis: number): void {
    this.#world.schedule.after(2 * this.#random.next() * everyMillis, () => {
      if (this.#stopped) return;
      if (this.#wanted === null) {
        this.#wanted = this.#choose();
        this.#ask();
      } else if (this.#random.chance(0.2)) this.#ask(); // an impatient second request for the same
      this.#next(everyMillis);
    });
  }

  #choose(): MembershipChange {
    const { scribes } = this.#world.members;
    const ofQuorums = this.#world.plan.quorums !== null && this.#random.chance(0.4);
    if (ofQuorums) return { kind: 'quorums', quorums: this.#numbers(scribes.length) };
    const victim = this.#random.pick(scribes);
    const kind = this.#random.pick(['add', 'remove', 'replace', 'replace', 'lose', 'lose'] as const);
    if (kind === 'lose' && this.#bearsLoss && !this.#isDamaged) return this.#lose(victim);
    if (kind === 'remove' && scribes.length > 1 && !this.#isDamaged)
      return { kind: 'remove', scribeId: victim.scribeId, ...this.#chosenFor(scribes.length - 1) };
    if (kind === 'add' && scribes.length < MOST_SCRIBES)
      return { kind: 'add', member: this.#format(this.#name()), ...this.#chosenFor(scribes.length + 1) };
    const scribeId = this.#random.chance(0.5) ? victim.scribeId : this.#name();
    // The old process of the same name keeps running beside the new one until it is out.
    return { kind: 'replace', scribeId: victim.scribeId, member: this.#format(scribeId) };
  }

  /** Without any one disk, what is committed is still on another, and a leader can still be elected. */
  get #bearsLoss(): boolean {
    const { scribes, quorums } = this.#world.members;
    if (quorums === undefined) return scribes.length > 2;
    return quorums.commit > 1 && quorums.vote < scribes.length;
  }

  /** Then whoever goes may have the last good copy; one that is replaced has passed it on. */
  get #isDamaged(): boolean {
    const { scribes } = this.#world;
    return scribes.some(({ disk, gone, storageUuid }) => {
      return !gone && this.#world.isMember(storageUuid) && disk.image.damage.length > 0;
    });
  }

  /** Numbers for so many scribes; a fifth of them just not enough to meet. */
  #numbers(scribes: number): Quorums {
    const quorums = someQuorums(scribes, this.#random);
    return this.#random.chance(0.2) ? { ...quorums, vote: scribes - quorums.commit } : quorums;
  }

  /** With every change of how many there are, where numbers decide. */
  #chosenFor(scribes: number): { readonly quorums?: QuorumChoice } {
    if (this.#world.plan.quorums === null) return {};
    return { quorums: this.#random.chance(0.3) ? 'majority' : someQuorums(scribes, this.#random) };
  }

  /** The disk is gone for good; a blank one takes its place in the machine (P21). */
  #lose({ scribeId, storageUuid }: ScribeMember): MembershipChange {
    this.#world.trace(() => `${scribeId} loses its disk`);
    this.#world.reach('disk lost');
    const site = this.#world.scribes.find((each) => each.storageUuid === storageUuid);
    site?.process?.crash(this.#random.chance(0.3));
    if (site !== undefined) site.gone = true;
    const found = site?.disk.spoil?.(this.#random);
    if (found !== undefined) this.#world.reach(found);
    // Somebody may bring the old name and uuid back with nothing else on the disk: that is nobody either.
    if (this.#random.chance(0.4)) this.#format(scribeId, storageUuid);
    return { kind: 'replace', scribeId, member: this.#format(scribeId) };
  }

  #name(): string {
    return `n${++this.#made}`;
  }

  #format(scribeId: string, lostUuid: string | null = null): ScribeMember {
    const storageUuid = lostUuid ?? this.#random.hex128();
    const member = { scribeId, storageUuid, address: `${scribeId}:1` };
    const disk = this.#world.newDisk(
      new Image({ term: 0, votedFor: null }, [], { index: 0, term: 0 }),
      scribeId,
      storageUuid,
    );
    const site = { scribeId, storageUuid, disk, process: null, isAmnesiac: lostUuid !== null, gone: false };
    this.#world.addScribe(site);
    this.#world.startScribe(site);
    return member;
  }

  #ask(): void {
    const change = this.#wanted;
    if (change === null) return;
    const leader = this.#world.leader ?? this.#world.liveWorkers[0];
    const request = ++this.#request;
    const again = (millis: number): void =>
      this.#world.schedule.after(millis, () => request === this.#request && this.#ask());
    again(PATIENCE_MILLIS);
    this.#world.trace(() => `operator asks ${leader?.site} to ${JSON.stringify(change)}`);
    leader?.changeMembers(request, change, (answer) => {
      if (request !== this.#request || this.#wanted !== change) return;
      this.#world.trace(() => `operator hears ${answer.outcome} ${answer.reason}`);
      this.#world.reach(`change ${answer.outcome}`);
      if (answer.outcome === 'done') this.#finished(change);
      else if (answer.outcome === 'refused' && change.kind === 'quorums') this.#finished(null);
      else again(20);
    });
  }

  /** `change`: what was carried out, or null. */
  #finished(change: MembershipChange | null): void {
    this.#wanted = null;
    this.#request++;
    if (this.#stopped) this.#world.schedule.after(600, () => this.#world.rescueWorkers());
    if (change !== null) this.done.set(change.kind, (this.done.get(change.kind) ?? 0) + 1);
    // Those who are out are stopped some time later, or run on; whatever they say must not count (R27).
    for (const site of this.#world.scribes) {
      if (site.gone || this.#world.isMember(site.storageUuid) || this.#random.chance(0.3)) continue;
      this.#world.schedule.after(this.#random.integer(0, 500), () => {
        if (this.#world.isMember(site.storageUuid)) return;
        site.process?.crash(false);
        site.gone = true;
      });
    }
  }
}
