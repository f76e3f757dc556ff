/** A process whose memory is held: prints the holder's id and a port, and then does as it is told on its standard input. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { holdMemory } from '../../src/addon/addon.ts';

const holder = holdMemory();
const server = createServer((socket) => socket.write('connected'));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ holder, again: holdMemory(), port: typeof address === 'object' ? address?.port : 0 }));
});

const thread = `require('node:worker_threads').parentPort.postMessage(new Array(1e5).fill(1).length)`;
createInterface(process.stdin).on('line', (order) => {
  if (order === 'exit') process.exit(7);
  const child = execFileSync(process.execPath, ['-p', '6 * 7'], { encoding: 'utf8' }).trim();
  new Worker(thread, { eval: true }).once('message', (length) => console.log(JSON.stringify({ child, length })));
});
