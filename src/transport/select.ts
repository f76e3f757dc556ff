/** Picks the implementation that listens; every dialler is `ws`, since uWebSockets.js only serves. */
import { ScriptoriumError } from '../errors.ts';
import type { Transport } from './transport.ts';
import { loadUws } from './uws.ts';
import { dialWs, listenWs } from './ws.ts';

/** `auto` takes uWebSockets.js where it loads and `ws` elsewhere. */
export type TransportChoice = 'auto' | 'uws' | 'ws';

const ws: Transport = { name: 'ws', listen: listenWs, dial: dialWs };

/** Rejects with BAD_OPTION when `uws` is asked for and does not load here. */
export async function selectTransport(choice: TransportChoice): Promise<Transport> {
  if (choice === 'ws') return ws;
  const listen = await loadUws();
  if (!(listen instanceof Error)) return { name: 'uws', listen, dial: dialWs };
  if (choice === 'auto') return ws;
  throw new ScriptoriumError('BAD_OPTION', `transport uws: uWebSockets.js does not load here: ${listen.message}`, {
    cause: listen,
  });
}
