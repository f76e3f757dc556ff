/**
 * The rules of the house as data: which folder may import which, which words are not used, how long a file may be. The
 * checker in check.ts applies them to a source tree; a rule changes here and in docs/architecture.md, together.
 */

/** A file longer than this does more than one thing. */
export const MAX_LINES = 500;

/**
 * What a folder of src/ may import besides itself. `''` stands for files directly in src/. Everything may import
 * `errors.ts` and `core/limits.ts`.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  addon: [],
  wire: ['core', 'addon'],
  storage: ['core', 'addon', 'wire'],
  transport: ['core', 'wire'],
  machine: ['core', 'wire'],
  runtime: ['core', 'addon', 'wire', 'storage', 'transport', 'machine'],
  node: ['core', 'wire', 'storage', 'transport', 'machine', 'runtime'],
  kv: ['core', 'machine', 'runtime', 'node'],
  server: ['core', 'runtime', 'node', 'kv'],
  cli: ['core', 'addon', 'wire', 'storage', 'transport', 'machine', 'runtime', 'node', 'kv', 'server', 'bench'],
  '': ['core', 'wire', 'storage', 'machine', 'runtime', 'node'],
};

export const IMPORTED_BY_ALL: readonly string[] = ['errors.ts', 'core/limits.ts'];

/** The only files of src/ that may ask for the time or for chance; the addon has the clock that the first of them reads. */
export const CLOCK_FILES: readonly string[] = ['runtime/clock.ts', 'addon/addon.ts'];
export const RANDOM_FILES: readonly string[] = ['runtime/random.ts'];

/** Words this project has another word for, and the other word. They are looked for in the parts of identifiers. */
export const WORDS: Readonly<Record<string, string>> = {
  replica: 'scribe or worker',
  replicas: 'scribes or workers',
  master: 'leader',
  slave: 'learner',
  lsn: 'index',
  epoch: 'term or incarnation',
  chaos: 'faults',
  idx: 'index',
  msg: 'message',
  msgs: 'messages',
  buf: 'bytes',
  cfg: 'configuration',
  conf: 'configuration',
  ctx: 'context',
  cb: 'callback',
  req: 'request',
  res: 'result',
  opts: 'options',
  err: 'error',
  addr: 'address',
  len: 'length',
  cnt: 'count',
  tmp: 'temporary',
  num: 'number or count',
  ack: 'acknowledge',
  acks: 'acknowledgements',
};

/** Where a word of WORDS is somebody else's name: `file` (a prefix under src/) may use `word`. */
export const WORDS_OF_OTHERS: readonly { readonly file: string; readonly word: string; readonly because: string }[] = [
  { file: 'cli/program.ts', word: 'err', because: "commander's own name for its standard error" },
  { file: 'kv/', word: 'master', because: "Redis' own name for the role in INFO replication" },
  { file: 'kv/', word: 'slave', because: "Redis' own name for the role in INFO replication" },
];
