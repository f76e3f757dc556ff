/**
 * What one connection remembers between requests — name, open transaction, watched keys — and what each request means:
 * answered here, or to be proposed, read or watched. Names and numbers of words are checked here, so what cannot run never
 * reaches the log.
 */
import { MAX_ENTRY_BYTES } from '../core/limits.ts';
import { hasArity } from './command.ts';
import { commandNamed } from './commands.ts';
import { encodeCommand, encodeTransaction, sizeOfWatch, sizeOfWords, type Watch } from './entry-codec.ts';
import { MAX_TRANSACTION_BYTES } from './limits.ts';
import * as resp from './resp.ts';
import { SESSION_COMMANDS, type Surroundings } from './session-commands.ts';

/** What is to be done for a request. */
export type Step =
  | { readonly kind: 'reply'; readonly reply: string; readonly closes?: boolean }
  | { readonly kind: 'write'; readonly entry: Uint8Array }
  | { readonly kind: 'read'; readonly words: readonly Buffer[] }
  /** Ask for the keys' versions, hand them to `watched`, then reply OK. */
  | { readonly kind: 'watch'; readonly keys: readonly Buffer[] };

interface Transaction {
  readonly commands: (readonly Buffer[])[];
  bytes: number;
  /** A command was refused while queueing: EXEC refuses the whole. */
  broken: boolean;
}

const reply = (text: string): Step => ({ kind: 'reply', reply: text });

/** The log would refuse one that is too large, and with it all that is proposed beside it. */
const propose = (entry: Uint8Array): Step =>
  entry.length <= MAX_ENTRY_BYTES
    ? { kind: 'write', entry }
    : reply(resp.error(`ERR the command takes ${entry.length} bytes in the log, the bound is ${MAX_ENTRY_BYTES}`));

export class Session {
  readonly id: number;
  readonly #surroundings: Surroundings;
  name = '';
  #transaction: Transaction | null = null;
  /** By key. */
  readonly #watches = new Map<string, Watch>();
  #watchedBytes = 0;

  constructor(id: number, surroundings: Surroundings) {
    this.id = id;
    this.#surroundings = surroundings;
  }

  interpret(request: readonly Buffer[]): Step {
    const name = request[0]?.toString('latin1').toLowerCase() ?? '';
    const known = SESSION_COMMANDS.get(name) ?? commandNamed(name);
    if (known === undefined) return this.#refuse(resp.unknownCommand(textOf(request)));
    if (!hasArity(known.arity, request.length)) return this.#refuse(resp.wrongArity(name));
    switch (name) {
      case 'multi':
        return this.#begin();
      case 'exec':
        return this.#execute();
      case 'discard':
        return this.#discard();
      case 'watch':
        if (this.#transaction !== null) return reply(resp.error('ERR WATCH inside MULTI is not allowed'));
        return this.#watch(request.slice(1));
      case 'quit':
        return { kind: 'reply', reply: resp.OK, closes: true };
      case 'reset':
        this.#transaction = null;
        this.#unwatch();
        this.name = '';
        return reply(resp.status('RESET'));
    }
    const isStored = commandNamed(name) !== undefined && !(name === 'info' && !asksForKeyspace(request));
    if (this.#transaction !== null) return this.#queue(this.#transaction, name, request, isStored);
    if (name === 'unwatch') this.#unwatch();
    if (!isStored)
      return reply(SESSION_COMMANDS.get(name)?.answer(textOf(request), this, this.#surroundings) ?? resp.OK);
    const words = [Buffer.from(name), ...request.slice(1)];
    return commandNamed(name)?.kind === 'write' ? propose(encodeCommand(words)) : { kind: 'read', words };
  }

  /** The versions of watched keys have come; a key watched twice keeps its first. */
  watched(keys: readonly Buffer[], versions: readonly number[]): void {
    for (const [position, key] of keys.entries()) {
      const name = key.toString('latin1');
      if (this.#watches.has(name)) continue;
      this.#watches.set(name, { key, version: versions[position] ?? 0 });
      this.#watchedBytes += sizeOfWatch(key);
    }
  }

  /** They travel with the transaction, in its entry: more than fits is refused before it is remembered. */
  #watch(keys: readonly Buffer[]): Step {
    const news = keys.filter((key) => !this.#watches.has(key.toString('latin1')));
    const bytes = news.reduce((sum, key) => sum + sizeOfWatch(key), this.#watchedBytes);
    if (bytes > MAX_TRANSACTION_BYTES)
      return reply(resp.error(`ERR the watched keys are larger than ${MAX_TRANSACTION_BYTES} bytes`));
    return { kind: 'watch', keys };
  }

  #unwatch(): void {
    this.#watches.clear();
    this.#watchedBytes = 0;
  }

  #begin(): Step {
    if (this.#transaction !== null) return reply(resp.error('ERR MULTI calls can not be nested'));
    this.#transaction = { commands: [], bytes: 0, broken: false };
    return reply(resp.OK);
  }

  #queue(transaction: Transaction, name: string, request: readonly Buffer[], isStored: boolean): Step {
    if (!isStored) return this.#refuse(resp.error(`ERR ${name.toUpperCase()} is not allowed in a transaction`));
    transaction.bytes += sizeOfWords(request);
    if (transaction.bytes > MAX_TRANSACTION_BYTES) {
      transaction.commands.length = 0;
      return this.#refuse(resp.error(`ERR the transaction is larger than ${MAX_TRANSACTION_BYTES} bytes`));
    }
    if (!transaction.broken) transaction.commands.push([Buffer.from(name), ...request.slice(1)]);
    return reply(resp.QUEUED);
  }

  #execute(): Step {
    const transaction = this.#transaction;
    if (transaction === null) return reply(resp.error('ERR EXEC without MULTI'));
    const watches = [...this.#watches.values()];
    this.#transaction = null;
    this.#unwatch();
    if (transaction.broken) return reply(resp.error('EXECABORT Transaction discarded because of previous errors.'));
    if (transaction.commands.length === 0 && watches.length === 0) return reply(resp.EMPTY_ARRAY);
    return propose(encodeTransaction(watches, transaction.commands));
  }

  #discard(): Step {
    if (this.#transaction === null) return reply(resp.error('ERR DISCARD without MULTI'));
    this.#transaction = null;
    this.#unwatch();
    return reply(resp.OK);
  }

  #refuse(text: string): Step {
    if (this.#transaction !== null) this.#transaction.broken = true;
    return reply(text);
  }
}

const textOf = (request: readonly Buffer[]): string[] => request.map((word) => word.toString('latin1'));

const asksForKeyspace = (request: readonly Buffer[]): boolean =>
  request.length === 2 && request[1]?.toString('latin1').toLowerCase() === 'keyspace';
