/**
 * The golden vectors in test/golden/wire: one `<name>.hex` per frame and per kind of batch, sixteen bytes a line. Run as a
 * program it writes those that are missing and never touches one that exists: a format that changed needs a new protocol.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BATCHES, SAMPLES } from './samples.ts';

/** From dist/test/wire back to the sources. */
const DIRECTORY = fileURLToPath(new URL('../../../test/golden/wire/', import.meta.url));

const pathOf = (name: string): string => `${DIRECTORY}${name}.hex`;

export const readGolden = (name: string): Buffer =>
  Buffer.from(readFileSync(pathOf(name), 'ascii').replaceAll(/\s/g, ''), 'hex');

/** Every golden vector by name, as this build would write it. */
export const currentVectors = (): { name: string; bytes: Uint8Array }[] => [
  ...SAMPLES.map(({ name, frame }) => ({ name, bytes: frame })),
  ...Object.entries(BATCHES).map(([kind, { bytes }]) => ({ name: `batch-${kind}`, bytes })),
];

function inLines(bytes: Uint8Array): string {
  const pairs = Buffer.from(bytes).toString('hex').match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < pairs.length; at += 16) lines.push(pairs.slice(at, at + 16).join(' '));
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, bytes } of currentVectors()) {
    if (!existsSync(pathOf(name))) writeFileSync(pathOf(name), inLines(bytes));
  }
}
