/** A TCP proxy that is a link: each way delays by half the round trip and by size at a rate, one after the other. */
import { connect, createServer } from 'node:net';

/** What is written at once: a link passes a large message on before it has all of it. */
const SEGMENT = 16_384;

/** @param delayMs one way @param bps both ways, each for itself; all connections share them */
export async function shapedLink(targetPort, delayMs, bps) {
  const sockets = new Set();
  const freeAt = { up: 0, down: 0 };
  const pass =
    (way, to, line = []) =>
    (chunk) => {
      for (let i = 0; i < chunk.length; i += SEGMENT) {
        const part = chunk.subarray(i, i + SEGMENT);
        freeAt[way] = Math.max(freeAt[way], performance.now()) + (8000 * part.length) / bps;
        line.push(part);
        // Timers of different lengths may end in another order; whichever ends, what came first goes first.
        setTimeout(() => to.writable && to.write(line.shift()), freeAt[way] - performance.now() + delayMs);
      }
    };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    client.on('data', pass('up', upstream));
    upstream.on('data', pass('down', client));
    for (const [a, b] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(a);
      a.on('error', () => {});
      a.on('close', () => setTimeout(() => b.destroy(), delayMs + 50));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
