/** Dialling several addresses at once: who is taken, and what becomes of the others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstToAnswer } from '../../src/node/first-to-answer.ts';

interface Dialled {
  readonly address: string;
}

/** Opens answer when told to; keeps what was asked. */
class Exchange {
  readonly asked: string[] = [];
  readonly late: Dialled[] = [];
  #wanted: { readonly count: number; resolve(): void } | null = null;
  readonly #open = new Map<string, { resolve(dialled: Dialled): void; reject(error: Error): void }>();

  readonly open = (address: string): Promise<Dialled> => {
    this.asked.push(address);
    if (this.asked.length === this.#wanted?.count) this.#wanted.resolve();
    return new Promise((resolve, reject) => this.#open.set(address, { resolve, reject }));
  };

  answer(address: string): Dialled {
    const dialled = { address };
    this.#open.get(address)?.resolve(dialled);
    return dialled;
  }

  refuse(address: string): void {
    this.#open.get(address)?.reject(new Error(`${address} refuses`));
  }

  first(...addresses: string[]): Promise<Dialled> {
    return firstToAnswer(addresses, this.open, (late) => this.late.push(late));
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
  test('a worker that does not answer is not waited for alone: the next is dialled too', async () => {
    const exchange = new Exchange();
    const first = exchange.first('a', 'b', 'c');
    await exchange.dialled(2);
    exchange.answer('b');
    assert.equal((await first).address, 'b');
  });

  test('one that answers when another was taken already is handed over as late', async () => {
    const exchange = new Exchange();
    const first = exchange.first('a', 'b');
    await exchange.dialled(2);
    exchange.answer('b');
    await first;
    const late = exchange.answer('a');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(exchange.late, [late]);
  });

  test('a refusal brings the next at once, and the last refusal is the answer', async () => {
    const exchange = new Exchange();
    const first = exchange.first('a', 'b');
    const failed = assert.rejects(first, /b refuses/);
    exchange.refuse('a');
    await exchange.dialled(2);
    exchange.refuse('b');
    await failed;
  });
});
