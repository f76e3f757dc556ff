/** What a figure was measured on. Figures of two machines, or of two minutes on one, are not compared without it. */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

export interface Environment {
  readonly time: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of the scribes' directory; null when they run elsewhere. */
  readonly fileSystem: string | null;
  readonly transport: string;
  /** Whether the scribes write around the page cache; null when they run elsewhere. */
  readonly directIo: boolean | null;
  readonly version: string;
}

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
};

export async function fileSystemOf(directory: string): Promise<string> {
  const { type } = await statfs(directory);
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
}

export async function describeEnvironment(
  measured: Pick<Environment, 'transport' | 'directIo'> & { readonly directory: string | null },
): Promise<Environment> {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return {
    time: new Date().toISOString(),
    node: process.version,
    kernel: release(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    fileSystem: measured.directory === null ? null : await fileSystemOf(measured.directory),
    transport: measured.transport,
    directIo: measured.directIo,
    version: String(version),
  };
}
