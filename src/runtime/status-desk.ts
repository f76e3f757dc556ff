/** A scribe's side of the client protocol: it tells its status and refuses everything else, since only workers take proposals. */
import { isScriptoriumError } from '../errors.ts';
import { CLOSE_PROTOCOL_ERROR } from '../transport/close-codes.ts';
import type { Link, LinkHandlers } from '../transport/transport.ts';
import { decodeRequest, encodeReply } from '../wire/client-protocol.ts';
import { livenessOf, PONG } from '../wire/liveness.ts';

export function openStatusDesk(link: Link, status: () => object): LinkHandlers {
  return {
    message: (frame) => {
      if (livenessOf(frame) === 'ping') {
        link.send(PONG);
        return;
      }
      try {
        const { kind, request } = decodeRequest(frame);
        const message = 'this is a scribe; ask a worker';
        link.send(
          kind === 'status'
            ? encodeReply({ kind: 'statusReply', request, status: status() })
            : encodeReply({
                kind: 'failure',
                request,
                code: 'NOT_LEADER',
                outcome: 'not-executed',
                message,
                leader: null,
              }),
        );
      } catch (error) {
        link.close(CLOSE_PROTOCOL_ERROR, isScriptoriumError(error) ? error.message : 'malformed request');
      }
    },
    closed: () => {},
  };
}
