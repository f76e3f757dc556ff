import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NaiveModel, type Step } from './naive-model.ts';
import { StoreDriver } from './store-driver.ts';

const key = fc.constantFrom('a', 'b', 'c', '\xff\0');
const value = fc.constantFrom('', '0', '41', '-7', 'text', '\r\n');
const millis = fc.integer({ min: 1, max: 50 }).map(String);

const setOptions = fc
  .tuple(
    fc.constantFrom([], ['NX'], ['XX']),
    fc.constantFrom([], ['GET']),
    fc.oneof(
      fc.constant<string[]>([]),
      fc.constant(['KEEPTTL']),
      millis.map((time) => ['PX', time]),
    ),
  )
  .map((parts) => parts.flat());

const words: fc.Arbitrary<string[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(key, value, setOptions).map(([at, text, options]) => ['SET', at, text, ...options]),
  },
  fc.tuple(key, value).map(([at, text]) => ['APPEND', at, text]),
  fc.tuple(key, fc.integer({ min: -100, max: 100 })).map(([at, amount]) => ['INCRBY', at, `${amount}`]),
  fc.tuple(key, fc.integer({ min: -5, max: 50 })).map(([at, time]) => ['PEXPIRE', at, `${time}`]),
  fc.tuple(fc.constantFrom('GET', 'DEL', 'PERSIST', 'PTTL'), key).map(([name, at]): string[] => [name, at]),
  fc.constant<string[]>(['DBSIZE']),
  fc.constant<string[]>(['FLUSHALL']),
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ words, pause: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 30 })) }),
  { maxLength: 60 },
);

test('the store answers as a plain model does, reads included, whatever the order and the pauses', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const store = new StoreDriver();
      const model = new NaiveModel();
      for (const step of script) {
        store.now += step.pause;
        if (step.pause > 0) store.apply(Uint8Array.of(0)); // a tick
        assert.equal(store.run(...step.words), model.run(step), step.words.join(' '));
      }
    }),
    { numRuns: 500 },
  );
});

test('M10 two stores that apply the same log are equal, whatever was read in between', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const one = new StoreDriver();
      const other = new StoreDriver();
      for (const { words: command, pause } of script) {
        one.now = other.now += pause;
        if (one.run(...command) !== 'behind') one.read(['KEYS', '*'], one.now + 1000);
        other.run(...command);
      }
      assert.equal(one.digest(), other.digest());
    }),
    { numRuns: 200 },
  );
});

test('the digest tells apart what a client could tell apart', () => {
  const digests = [
    [],
    ['SET a 1'],
    ['SET a 2'],
    ['SET b 1'],
    ['SET a 1 PX 5'],
    ['SET a 1 PX 6'],
    ['SET a 1', 'SET b 1'],
    ['SET b 1', 'SET a 1'],
    ['SET a 1', 'SET a 1'],
  ].map((lines) => {
    const store = new StoreDriver();
    for (const line of lines) store.line(line);
    return store.digest();
  });
  assert.equal(new Set(digests).size, digests.length);
});
