/** Where a node listens: how that is written down, and what nobody outside this machine can reach. */
import { isIPv4 } from 'node:net';

/** An address as everybody writes it, and as others can dial it: brackets around an IPv6 host. */
export const addressOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** 127.0.0.0/8, ::1 and localhost. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
