/** The text of INFO. `# Keyspace` is not in it unless asked for alone: counting keys is a read of the log. */

import * as resp from './resp.ts';
import type { Surroundings } from './session-commands.ts';

/** The version whose behaviour and error texts are followed. */
export const REDIS_VERSION = '7.0.0';

type Lines = Readonly<Record<string, string | number>>;

const SECTIONS: Readonly<Record<string, (surroundings: Surroundings) => Lines>> = {
  server: ({ port, describe }) => ({
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    process_id: process.pid,
    run_id: describe().incarnation,
    tcp_port: port,
  }),
  clients: ({ counts, maxConnections }) => ({ connected_clients: counts().connections, maxclients: maxConnections }),
  persistence: () => ({ loading: 0 }),
  stats: ({ counts }) => ({
    total_connections_received: counts().connectionsEver,
    total_commands_processed: counts().requests,
  }),
  replication: ({ describe }) => {
    const { role, term, leader, workerId, clusterId, commitIndex, appliedIndex } = describe();
    const common = {
      scriptorium_cluster_id: clusterId,
      scriptorium_worker_id: workerId,
      scriptorium_role: role,
      scriptorium_term: term,
      scriptorium_leader_id: leader?.workerId ?? '',
      scriptorium_commit_index: commitIndex,
      scriptorium_applied_index: appliedIndex,
    };
    return role === 'leader'
      ? { role: 'master', connected_slaves: 0, ...common }
      : { role: 'slave', master_link_status: leader === null ? 'down' : 'up', slave_read_only: 0, ...common };
  },
};

const ALL = new Set(['all', 'default', 'everything']);

/** The sections named, all of them when none is. */
export function information(names: readonly string[], surroundings: Surroundings): string {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const everything = wanted.size === 0 || [...wanted].some((name) => ALL.has(name));
  const sections = Object.entries(SECTIONS).filter(([name]) => everything || wanted.has(name));
  const texts = sections.map(([name, lines]) => {
    const body = Object.entries(lines(surroundings)).map(([key, value]) => `${key}:${value}\r\n`);
    return `# ${name[0]?.toUpperCase()}${name.slice(1)}\r\n${body.join('')}`;
  });
  return resp.bulk(texts.join('\r\n'));
}
