/**
 * By which configuration a worker has to count, worked out from the messages delivered to it and its log as the tree of logs
 * has it, without asking the machine: the newest of its log, or a newer one that it was told of and its log does not
 * refute (R28). What an answer to its newest probe tells it may not leave out.
 */
import type { Configuration, EntryId, LoggedConfiguration } from '../../src/core/types.ts';
import { covering, idOf, type LogNode, notBehind } from './log-tree.ts';

export class HeardConfigurations {
  readonly #heard: LoggedConfiguration[];
  /** The newest log heard of: where it ends, or goes beyond, and its newest configuration. */
  #newest: { readonly tail: EntryId; readonly id: EntryId };

  constructor(contact: LoggedConfiguration) {
    this.#heard = [contact];
    this.#newest = { tail: contact.id, id: contact.id };
  }

  hear(tail: EntryId, configuration: LoggedConfiguration): void {
    const { id } = configuration;
    if (notBehind(tail, this.#newest.tail)) this.#newest = { tail, id };
    if (!this.#heard.some((known) => same(known.id, id))) this.#heard.push(configuration);
  }

  /** `tip`: where its log ends. `probed`: what the answers to its newest probe told. Mostly exactly one. */
  inForce(tip: LogNode | null, probed: readonly LoggedConfiguration[]): readonly Configuration[] {
    const own = ownOf(tip);
    let least: EntryId = own?.id ?? { index: 0, term: 0 };
    for (const { id } of probed) if (notBehind(id, least) && !refutes(tip, id) && !this.#isSuperseded(id)) least = id;
    const known = own === null ? this.#heard : [own, ...this.#heard];
    return known
      .filter(({ id }) => notBehind(id, least) && (same(id, least) || !refutes(tip, id)))
      .map(({ configuration }) => configuration);
  }

  /** The newest log heard of lacks it: it was not committed when that was written. */
  #isSuperseded(id: EntryId): boolean {
    const { tail, id: newest } = this.#newest;
    return notBehind(tail, id) && !notBehind(newest, id);
  }
}

const same = (left: EntryId, right: EntryId): boolean => left.index === right.index && left.term === right.term;

function ownOf(tip: LogNode | null): LoggedConfiguration | null {
  const node = tip?.configured ?? null;
  const configuration = node?.batch.configuration;
  return node === null || configuration === undefined ? null : { id: idOf(node), configuration };
}

/** The log is at least as new as the one that held this entry, and has another in its place. */
const refutes = (tip: LogNode | null, id: EntryId): boolean =>
  tip !== null && id.index <= tip.lastIndex && notBehind(idOf(tip), id) && covering(tip, id.index)?.term !== id.term;
