/** The socket under MQTT: TCP or TLS, without delay, with a bound on what the other end may send. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { limitPackets } from './packet-limit.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface TlsFiles {
  /** PEM. */
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

/** `mqtt://host[:1883]` or `mqtts://host[:8883]`; undefined for anything else. Credentials do not belong in a URL. */
export function parseUrl(text: string): Address | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const tls = url.protocol === 'mqtts:';
  if ((!tls && url.protocol !== 'mqtt:') || !url.hostname || url.username || url.password) return undefined;
  if (!['', '/'].includes(url.pathname) || url.search || url.hash) return undefined;
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || (tls ? 8883 : 1883)), tls };
}

export function openSocket({ host, port, tls }: Address, files: TlsFiles, maxPacketBytes: number): Socket {
  // Nagle's algorithm against delayed acknowledgements costs 40 ms a round trip.
  const socket = tls
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...files })
    : connect({ host, port, noDelay: true });
  socket.setNoDelay(true);
  limitPackets(socket, maxPacketBytes);
  return socket;
}
