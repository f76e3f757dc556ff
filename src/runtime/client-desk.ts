/**
 * A worker's side of the client protocol: one desk per client link. Takes proposals, queries and status requests, bounds
 * what one client may have outstanding, and answers each request once. Bytes of a client are copied into a batch or refused
 * before the handler returns.
 */
import { MAX_FRAME_BYTES } from '../core/limits.ts';
import type { MembershipChange } from '../core/membership.ts';
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { CLOSE_PROTOCOL_ERROR } from '../transport/close-codes.ts';
import type { Link, LinkHandlers } from '../transport/transport.ts';
import {
  type ClientReply,
  type ClientRequest,
  decodeRequest,
  encodeReply,
  MAX_RESULTS_BYTES,
} from '../wire/client-protocol.ts';
import type { EntryWriter } from '../wire/entries.ts';
import { livenessOf, PONG } from '../wire/liveness.ts';
import { fitResults } from '../wire/results.ts';
import type { Proposal, Settlement } from './proposals.ts';

/** Requests one client may have unanswered. */
const MAX_OUTSTANDING = 4096;
/** With so much on its way to one client large answers are left out: one more might end the link, and all calls on it. */
const MAX_ANSWERS_BYTES = 4 * MAX_FRAME_BYTES;
/** Results of a proposal that are sent even then. */
const SMALL_RESULTS_BYTES = 64 * 1024;

/** The worker behind the desk. */
export interface ClientBackend {
  leaderAddress(): string | null;
  /** `patienceMillis`: how long it may be kept until a leader is known. */
  propose(proposal: Proposal, bytes: number, write: (writer: EntryWriter) => void, patienceMillis: number): void;
  /** `patienceMillis`: how long the answer is waited for. */
  read(query: Uint8Array, patienceMillis: number): Promise<Uint8Array>;
  /** Resolves when the change is committed and over. */
  changeMembers(change: MembershipChange): Promise<void>;
  status(): object;
}

export function openClientDesk(link: Link, backend: ClientBackend): LinkHandlers {
  let outstanding = 0;

  const isCrowded = (): boolean => link.outboxBytes > MAX_ANSWERS_BYTES;
  const answer = (reply: ClientReply): void => {
    outstanding--;
    link.send(encodeReply(reply));
  };
  const refuse = (request: number, error: unknown): void => {
    // What nobody expected says nothing about what had been done by then.
    const typed = isScriptoriumError(error)
      ? error
      : new ScriptoriumError('COMMAND_FAILED', String(error), { outcome: 'unknown' });
    const { code, outcome, message } = typed;
    answer({ kind: 'failure', request, code, outcome, message, leader: backend.leaderAddress() });
  };

  const handle = (message: ClientRequest): void => {
    const { request } = message;
    if (++outstanding > MAX_OUTSTANDING) {
      refuse(request, new ScriptoriumError('OVERLOADED', `${MAX_OUTSTANDING} requests are unanswered on this link`));
    } else if (message.kind === 'status') {
      answer({ kind: 'statusReply', request, status: backend.status() });
    } else if (message.kind === 'query') {
      backend.read(new Uint8Array(message.query), message.deadlineMillis).then(
        (result) => {
          if (!isCrowded()) answer({ kind: 'queryReply', request, result });
          else refuse(request, new ScriptoriumError('OVERLOADED', 'answers come faster than this client reads them'));
        },
        (error: unknown) => refuse(request, error),
      );
    } else if (message.kind === 'changeMembers') {
      backend.changeMembers(message.change).then(
        () => answer({ kind: 'membersChanged', request }),
        (error: unknown) => refuse(request, error),
      );
    } else {
      const { count, section, deadlineMillis } = message;
      const settle = (settlement: Settlement): void => {
        if (settlement.kind === 'failed') refuse(request, settlement.error);
        else {
          const { firstIndex } = settlement;
          // A frame beyond its bound would end the link, and leave the outcome of everything on it unknown.
          const room = isCrowded() ? SMALL_RESULTS_BYTES : MAX_RESULTS_BYTES;
          const results = fitResults(settlement.results, count, room);
          answer({ kind: 'proposed', request, firstIndex, count, results });
        }
      };
      const write = (writer: EntryWriter): void => writer.appendSection(section, count);
      // Half of the deadline: a refusal must be back before the client would have to say that it does not know.
      backend.propose({ count, settle }, section.length, write, deadlineMillis / 2);
    }
  };

  return {
    message: (frame) => {
      if (livenessOf(frame) === 'ping') {
        link.send(PONG);
        return;
      }
      try {
        handle(decodeRequest(frame));
      } catch (error) {
        link.close(CLOSE_PROTOCOL_ERROR, isScriptoriumError(error) ? error.message : 'malformed request');
      }
    },
    closed: () => {},
  };
}
