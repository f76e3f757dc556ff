/** The store once more, written as plainly as possible: an object per key, looked through in full at every step. */
export interface Step {
  readonly words: readonly string[];
  /** Logged milliseconds that pass before the command. */
  readonly pause: number;
}

interface Value {
  text: string;
  goneAt: number | null;
}

const bulk = (text: string | undefined): string => (text === undefined ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`);
const NOT_INTEGER = '-ERR value is not an integer or out of range\r\n';

export class NaiveModel {
  #values: Record<string, Value> = {};
  #now = 1_000_000;

  run({ words, pause }: Step): string {
    this.#now += pause;
    for (const [key, { goneAt }] of Object.entries(this.#values))
      if (goneAt !== null && goneAt <= this.#now) delete this.#values[key];
    const [name = '', key = '', ...rest] = words;
    return this.#answer(name, key, rest);
  }

  #answer(name: string, key: string, rest: readonly string[]): string {
    const value = this.#values[key];
    switch (name) {
      case 'GET':
        return bulk(value?.text);
      case 'SET':
        return this.#set(key, rest[0] as string, rest.slice(1));
      case 'DEL':
        delete this.#values[key];
        return value === undefined ? ':0\r\n' : ':1\r\n';
      case 'APPEND':
        this.#values[key] = { text: (value?.text ?? '') + rest[0], goneAt: value?.goneAt ?? null };
        return `:${this.#values[key].text.length}\r\n`;
      case 'INCRBY':
        return this.#add(key, rest[0] as string);
      case 'PEXPIRE':
        if (value === undefined) return ':0\r\n';
        if (Number(rest[0]) <= 0) delete this.#values[key];
        else value.goneAt = this.#now + Number(rest[0]);
        return ':1\r\n';
      case 'PERSIST': {
        if (value === undefined || value.goneAt === null) return ':0\r\n';
        value.goneAt = null;
        return ':1\r\n';
      }
      case 'PTTL':
        if (value === undefined) return ':-2\r\n';
        return `:${value.goneAt === null ? -1 : value.goneAt - this.#now}\r\n`;
      case 'DBSIZE':
        return `:${Object.keys(this.#values).length}\r\n`;
      case 'FLUSHALL':
        this.#values = {};
        return '+OK\r\n';
      default:
        throw new Error(`the model does not know ${name}`);
    }
  }

  #set(key: string, text: string, options: readonly string[]): string {
    const value = this.#values[key];
    const before = bulk(value?.text);
    const returnsOld = options.includes('GET');
    if (options.includes(value === undefined ? 'XX' : 'NX')) return returnsOld ? before : '$-1\r\n';
    const expiry = options.indexOf('PX');
    const kept = options.includes('KEEPTTL') ? (value?.goneAt ?? null) : null;
    this.#values[key] = { text, goneAt: expiry < 0 ? kept : this.#now + Number(options[expiry + 1]) };
    return returnsOld ? before : '+OK\r\n';
  }

  #add(key: string, amount: string): string {
    const value = this.#values[key];
    const text = value?.text ?? '0';
    if (String(Number(text)) !== text) return NOT_INTEGER;
    const sum = String(Number(text) + Number(amount));
    this.#values[key] = { text: sum, goneAt: value?.goneAt ?? null };
    return `:${sum}\r\n`;
  }
}
