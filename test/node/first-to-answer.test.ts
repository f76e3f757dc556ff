/** Dialling several addresses at once: who is taken, and what becomes of the others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstToAnswer } from '../../src/node/first-to-answer.ts';

interface Dialled {
  readonly address: string;
  closed: boolean;
  close(): void;
}

/** Opens answer when told to; keeps what was asked and what was given up. */
class Exchange {
  readonly asked: string[] = [];
  readonly abandoned: string[] = [];
  #wanted: { readonly count: number; resolve(): void } | null = null;
  readonly #open = new Map<string, { resolve(dialled: Dialled): void; reject(error: Error): void }>();

  readonly open = (address: string, signal: AbortSignal): Promise<Dialled> => {
    this.asked.push(address);
    if (this.asked.length === this.#wanted?.count) this.#wanted.resolve();
    signal.addEventListener('abort', () => this.abandoned.push(address));
    return new Promise((resolve, reject) => this.#open.set(address, { resolve, reject }));
  };

  answer(address: string): Dialled {
    const dialled: Dialled = {
      address,
      closed: false,
      close: () => {
        dialled.closed = true;
      },
    };
    this.#open.get(address)?.resolve(dialled);
    return dialled;
  }

  refuse(address: string): void {
    this.#open.get(address)?.reject(new Error(`${address} refuses`));
  }

  /** Resolves when so many were dialled. */
  dialled(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wanted = { count, resolve };
    });
  }
}

describe('the first to answer', () => {
  test('a worker that does not answer is not waited for alone: the next is dialled too, and the slow one given up', async () => {
    const exchange = new Exchange();
    const first = firstToAnswer(['a', 'b', 'c'], exchange.open);
    await exchange.dialled(2);
    exchange.answer('b');
    assert.equal((await first).address, 'b');
    assert.ok(exchange.abandoned.includes('a'));
  });

  test('one that answers when another was taken already is closed', async () => {
    const exchange = new Exchange();
    const first = firstToAnswer(['a', 'b'], exchange.open);
    await exchange.dialled(2);
    exchange.answer('b');
    await first;
    const late = exchange.answer('a');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(late.closed, true);
  });

  test('a refusal brings the next at once, and the last refusal is the answer', async () => {
    const exchange = new Exchange();
    const first = firstToAnswer(['a', 'b'], exchange.open);
    const failed = assert.rejects(first, /b refuses/);
    exchange.refuse('a');
    await exchange.dialled(2);
    exchange.refuse('b');
    await failed;
  });
});
