/** One exploration: where it starts, how far it goes, and what it found. */
import type { WorkerOptions } from '../../src/core/effects.ts';
import type { Quorums } from '../../src/core/types.ts';
import type { Machines } from '../sim/machines.ts';
import { Bodies } from './bodies.ts';
import { Explain } from './explain.ts';
import { MoveTable } from './moves.ts';
import type { Cast } from './names.ts';
import { Promises } from './promises.ts';
import { Said } from './said.ts';
import { type Found, type Limits, Search } from './search.ts';
import { type Bounds, OPTIONS, Setting } from './setting.ts';
import { Stage } from './stage.ts';

export interface Scope {
  readonly name: string;
  readonly cast: Cast;
  /** Scribes in the first configuration; the others are blank. Default: all. */
  readonly members?: number;
  /** The numbers of the first configuration. Default: majorities. */
  readonly quorums?: Quorums;
  /** How many of the first scribes play the same part and may exchange names. Default: the members. */
  readonly alike?: number;
  /** What is allowed from the start of the exploration on; terms and indexes count from the highest there. */
  readonly more: Bounds;
  readonly options?: Partial<WorkerOptions>;
  /** What was said in states with equal bodies counts as said in all of them: for what is too large otherwise (joined.ts). */
  readonly joined?: boolean;
  /** From everybody linked and nothing ever asked to where the exploration starts. */
  readonly direct?: (stage: Stage) => void;
}

export interface Explored extends Found {
  readonly name: string;
  readonly bodies: number;
  /** Events not followed because they led out of the bounds. */
  readonly cut: number;
  /** Everything the promises look at in each state, as a text. */
  readonly views: () => ReadonlySet<string>;
  /** The way to the violation. */
  readonly lines: readonly string[];
}

const ANY: Bounds = {
  term: Number.MAX_SAFE_INTEGER,
  index: Number.MAX_SAFE_INTEGER,
  crashes: Number.MAX_SAFE_INTEGER,
  ticks: Number.MAX_SAFE_INTEGER,
  commands: Number.MAX_SAFE_INTEGER,
  reads: 0,
  covering: 'none',
};

const NO_WAY =
  'how this comes about is not known, and it may be that it cannot: what was said in different histories counts as said in one';

export function explore(scope: Scope, machines: Machines, limits: Limits): Explored {
  const { cast, members = cast.scribes, more } = scope;
  const setting = new Setting(
    machines,
    cast,
    more.covering === 'more' ? more : ANY,
    Object.freeze({ ...OPTIONS, ...scope.options }),
    scope.quorums,
  );
  const stage = new Stage(setting, members);
  scope.direct?.(stage);
  setting.bounds = boundsFrom(stage, more);
  const bodies = new Bodies(setting, members, scope.alike ?? members);
  const table = new MoveTable(bodies, new Said(setting.letters, bodies.exchanges));
  const promises = new Promises(setting, bodies, stage.first);
  const search = new Search(setting, table, promises, { plain: limits.plain === true, joined: scope.joined === true });
  const start = stage.enter(table);
  const found = search.run(start, limits);
  const explain = new Explain(setting, table, search, promises);
  const way = (): string[] => (scope.joined === true ? [NO_WAY] : explain.lines(start, found.path));
  const lines = found.violation === null ? [] : way();
  return { ...found, name: scope.name, bodies: bodies.count, cut: bodies.cut, lines, views: () => promises.views() };
}

function boundsFrom({ parts, setting }: Stage, more: Bounds): Bounds {
  const terms = parts.map((part) => (part.kind === 'scribe' ? part.machine.hardState.term : part.machine.term));
  const indexes = parts.map(({ tip }) => setting.nodes.idOf(tip).index);
  const crashes = parts.reduce((sum, { generation }) => sum + generation, 0);
  return {
    ...more,
    term: Math.max(...terms) + more.term,
    index: Math.max(...indexes) + more.index,
    crashes: crashes + more.crashes,
  };
}
