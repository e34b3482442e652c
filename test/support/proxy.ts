/** A TCP proxy that is a bad network: latency, little bandwidth, black hole, and cuts in the middle of a packet. */
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Added to each direction; takes effect for bytes that arrive from now on. */
  latencyMs: number;
  /** Of each connection and direction; what does not pass holds up the sender. */
  bytesPerS: number;
  /** Takes bytes and passes none on; connections stay open. */
  isBlackHole: boolean;
  /** Ends every connection after this many more bytes from clients: in the middle of a packet. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
}

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let bytesLeft = Number.POSITIVE_INFINITY;
  const cutAll = () => {
    bytesLeft = Number.POSITIVE_INFINITY;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        // What is still on its way arrives before the end does.
        setTimeout(() => {
          client.destroy();
          upstream.destroy();
        }, proxy.latencyMs);
      });
    }
    client.on('data', (chunk: Buffer) => {
      const whole = chunk.length < bytesLeft;
      pass(client, upstream, whole ? chunk : chunk.subarray(0, bytesLeft));
      bytesLeft -= chunk.length;
      if (!whole) cutAll();
    });
    upstream.on('data', (chunk: Buffer) => pass(upstream, client, chunk));
  });
  const free = new WeakMap<Socket, number>();
  const underWay = new WeakMap<Socket, Buffer[]>();
  const pass = (from: Socket, to: Socket, chunk: Buffer) => {
    if (proxy.isBlackHole) return;
    const nowMs = performance.now();
    const sentMs = Math.max(nowMs, free.get(to) ?? 0) + (1000 * chunk.length) / proxy.bytesPerS;
    free.set(to, sentMs);
    const waitMs = sentMs - nowMs + proxy.latencyMs;
    // What a router holds is little.
    if (sentMs - nowMs > 500) {
      from.pause();
      setTimeout(() => from.resume(), sentMs - nowMs - 250);
    }
    const line = underWay.get(to) ?? [];
    underWay.set(to, line);
    if (waitMs <= 0 && line.length === 0) to.write(chunk);
    else {
      line.push(chunk);
      // Timers of different lengths may end in another order; whichever ends, what came first goes first.
      setTimeout(() => to.write(line.shift()!), waitMs);
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TcpProxy = {
    port: (server.address() as { port: number }).port,
    latencyMs: 0,
    bytesPerS: Number.POSITIVE_INFINITY,
    isBlackHole: false,
    cutAfter(bytes) {
      bytesLeft = bytes;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return proxy;
}
