/** The socket under MQTT: TCP or TLS, without delay, with a bound on what the other end may send. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { PacketFilter } from './packet-filter.ts';

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

/** As much as the system hands over at once. */
const CHUNK_BYTES = 64 * 1024;

export function openSocket(address: Address, files: TlsFiles, filter: PacketFilter): Socket {
  const { host, port, tls } = address;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  // One buffer for all that comes in: only what is to be read is copied.
  const onread = {
    buffer,
    callback: (bytes: number) => {
      const kept = filter.take(buffer.subarray(0, bytes));
      if (!kept) {
        socket.destroy(new Error('a packet of more bytes than are taken'));
        return false;
      }
      return kept.length === 0 || socket.push(kept);
    },
  };
  // Nagle's algorithm against delayed acknowledgements costs 40 ms a round trip.
  const socket: Socket = tls
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...files, ...({ onread } as object) })
    : connect({ host, port, noDelay: true, onread });
  socket.setNoDelay(true);
  return socket;
}
