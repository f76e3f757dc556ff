/** The script that every server of a local cluster is started with. */
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../main.js', import.meta.url));
