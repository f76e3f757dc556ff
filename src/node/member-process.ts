/**
 * One scribe or worker running as a child process. The child says over its IPC channel when it is ready, and ends when the
 * channel closes: children never outlive whoever started them, not even by kill -9. What the child prints goes to a file,
 * so that a parent that is stopped or slow never blocks it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ERRORS, type ErrorCode, ScriptoriumError } from '../errors.ts';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface MemberOptions {
  readonly id: string;
  /** Script and arguments for this Node. */
  readonly args: readonly string[];
  readonly logFile: string;
}

/** What a child sends once it serves. */
export interface ReadyMessage {
  readonly ready: Readonly<Record<string, unknown>>;
}

const isReady = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'ready' in message;

/** Of what a child that could not start has printed, so much is looked at. */
const LAST_WORDS_BYTES = 8 * 1024;

export class MemberProcess {
  readonly id: string;
  readonly pid: number;
  /** What the child told about itself when it was ready. */
  readonly told: Readonly<Record<string, unknown>>;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #exit: Exit | undefined;

  private constructor(id: string, child: ChildProcess, told: ReadyMessage['ready'], exited: Promise<Exit>) {
    this.id = id;
    this.pid = child.pid!;
    this.told = told;
    this.exited = exited;
    this.#child = child;
    void exited.then((exit) => {
      this.#exit = exit;
    });
  }

  /** Resolves when the child is ready; rejects with the child's own error when it ends before. */
  static async start({ id, args, logFile }: MemberOptions): Promise<MemberProcess> {
    const log = openSync(logFile, 'a+');
    const before = fstatSync(log).size;
    const child = spawn(process.execPath, args, { stdio: ['ignore', log, log, 'ipc'] });
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', () => resolve({ code: null, signal: null }));
    });
    const ready = new Promise<ReadyMessage['ready']>((resolve) => {
      child.on('message', (message) => {
        if (isReady(message)) resolve(message.ready);
      });
    });
    try {
      const told = await Promise.race([ready, exited.then(() => null)]);
      if (told === null) throw startFailure(id, await exited, logFile, lastWords(log, before));
      return new MemberProcess(id, child, told, exited);
    } finally {
      closeSync(log);
    }
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Asks to stop, and insists after `patienceMillis`. */
  async stop(patienceMillis: number): Promise<Exit> {
    // A child that has left the channel has stopped already and is on its way out.
    if (this.#child.connected) this.kill('SIGTERM');
    // A process that was stopped (SIGSTOP) does not hear anything until it goes on.
    this.kill('SIGCONT');
    const insist = setTimeout(() => this.kill('SIGKILL'), patienceMillis);
    try {
      return await this.exited;
    } finally {
      clearTimeout(insist);
    }
  }
}

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text);

/** The end of what was printed since the file had `before` bytes: what stands in front of that is of an earlier start. */
function lastWords(log: number, before: number): string {
  const { size } = fstatSync(log);
  const bytes = Buffer.alloc(Math.min(LAST_WORDS_BYTES, Math.max(0, size - before)));
  return bytes.toString('utf8', 0, readSync(log, bytes, 0, bytes.length, size - bytes.length));
}

/** The child's last line `scriptorium: CODE: message`, as an error of this process. */
function startFailure(id: string, exit: Exit, logFile: string, printed: string): ScriptoriumError {
  const lines = printed.trimEnd().split('\n');
  const [, code = '', reason = ''] = /^scriptorium: ([A-Z_]+): (.*)$/.exec(lines.at(-1) ?? '') ?? [];
  if (isErrorCode(code)) return new ScriptoriumError(code, `${id}: ${reason}`);
  const end = exit.code ?? exit.signal ?? 'an error';
  return new ScriptoriumError('IO_ERROR', `${id}: ended with ${end} before it was ready; see ${logFile}`);
}
