/** Scriptorium's public API, and nothing else. The journal alone: `scriptorium/journal`; state machines: `scriptorium/machine`. */
export type { MembershipChange, QuorumChoice } from './core/membership.ts';
export type { Configuration, Quorums, ScribeMember } from './core/types.ts';
export { ERRORS, type ErrorCode, isScriptoriumError, type Outcome, ScriptoriumError } from './errors.ts';
export type { EntryContext, StateMachine, StateMachineFactory } from './machine/contract.ts';
export { Client, type ClientOptions } from './node/client.ts';
export {
  type ClusterFile,
  createCluster,
  formatScribe,
  readClusterFile,
  writeClusterFile,
} from './node/cluster-file.ts';
export type { Applied, CallOptions, LogService } from './node/log-service.ts';
export { ScribeNode, type ScribeNodeOptions } from './node/scribe-node.ts';
export type { ScribeStatus, WorkerStatus } from './node/status.ts';
export { WorkerNode, type WorkerNodeOptions } from './node/worker-node.ts';
export type { Log } from './runtime/log.ts';
