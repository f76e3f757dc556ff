/**
 * What a scribe knows of its own part in the cluster: by the newest configuration of its log, and by what leaders told it beside
 * the log. Keeps R26 and R27: a disk that its own log does not name, and that no leader calls a newcomer, may have forgotten
 * what it promised, so it neither votes nor acknowledges; one that a committed configuration leaves out votes no more.
 */
import type { DurableLog } from './durable-log.ts';
import type { ConfigurationNotice } from './messages.ts';
import { isMember, isNewcomer, isVoter } from './quorum.ts';
import { compareIds, type LoggedConfiguration, ORIGIN } from './types.ts';

/** `unsure`: it cannot read who is a member (R29). `ok`: a voter. `joining`: it catches up to become one. `removed`: a worker said that it is one no more. */
export type Standing = 'unsure' | 'ok' | 'joining' | 'removed' | 'not-member';

const NO_CONFIGURATION: LoggedConfiguration = { id: ORIGIN, configuration: { scribes: [] } };

export class OwnMembership {
  readonly #storageUuid: string;
  readonly #log: DurableLog;
  /** The newest configuration that a worker told of beside its log. */
  #told: ConfigurationNotice | null = null;

  constructor(storageUuid: string, log: DurableLog) {
    this.#storageUuid = storageUuid;
    this.#log = log;
  }

  /** Of the log. */
  get logged(): LoggedConfiguration {
    return this.#log.configuration ?? NO_CONFIGURATION;
  }

  /** Of the log, or newer by a leader's word. */
  get newest(): LoggedConfiguration {
    const told = this.#told?.configuration;
    return told !== undefined && compareIds(told.id, this.logged.id) > 0 ? told : this.logged;
  }

  /** Of the log, or newer and committed by a leader's word: one that no later leader can take back. */
  get settled(): LoggedConfiguration {
    return this.#told?.committed === true ? this.newest : this.logged;
  }

  /** What others are told is the newest of this log: nothing where it cannot be read, for an older one is not (R28, R29). */
  get shown(): LoggedConfiguration {
    return this.#log.isConfigurationLost ? NO_CONFIGURATION : this.settled;
  }

  /** Its log makes this very disk a member, as far as it can be read, and no leader has said that it is out (R26, R27). */
  get isMember(): boolean {
    return !this.#log.isConfigurationLost && this.#isIn(this.logged) && this.#isIn(this.settled);
  }

  /**
   * Whether it takes a leader's log. A disk that cannot read who is a member has not forgotten what it promised: a leader's word
   * that it is one will do, and that leader counts by its own log. It is no word to vote by (R29).
   */
  get mayStore(): boolean {
    if (this.isMember || isNewcomer(this.newest.configuration, this.#storageUuid)) return true;
    return this.#log.isConfigurationLost && this.#told !== null && this.#isIn(this.#told.configuration);
  }

  /** It would take a leader's log, did it know who is a member. */
  get wantsWord(): boolean {
    return this.#log.isConfigurationLost && !this.mayStore;
  }

  get standing(): Standing {
    if (this.#log.isConfigurationLost) return 'unsure';
    if (!this.isMember && this.#isIn(this.logged)) return 'removed';
    if (isVoter(this.logged.configuration, this.#storageUuid)) return 'ok';
    return this.mayStore ? 'joining' : 'not-member';
  }

  /** Of a leader, or of a worker whose log may lag: what says less than the last one changes nothing. */
  hear(notice: ConfigurationNotice): void {
    const { term, configuration } = notice;
    const told = this.#told;
    const isOlder =
      told !== null &&
      (term < told.term || (term === told.term && compareIds(configuration.id, told.configuration.id) < 0));
    if (!isOlder) this.#told = notice;
  }

  #isIn({ configuration }: LoggedConfiguration): boolean {
    return isMember(configuration, this.#storageUuid);
  }
}
