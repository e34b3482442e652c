/**
 * A broker by itself: as many bytes to and fro as an inference takes, and nobody who computes. As `node relay.mjs echo URL BYTES` it
 * answers; imported, it asks.
 */
import { connect } from '../../../dist/broker/index.js';

const options = (url, clientId) => ({
  url,
  protocol: 'auto',
  clientId,
  keepaliveS: 15,
  connectTimeoutMs: 10_000,
  maxPacketBytes: 16 * 2 ** 20,
});
const [there, back] = ['bench/relay/there', 'bench/relay/back'];

/** Round trips a second, so many under way at once. */
export async function relay(url, { bytes, underWay, seconds }) {
  const payload = new Uint8Array(bytes);
  let done = 0;
  const send = () => void connection.publish(there, payload, { qos: 0 }).catch(() => {});
  const connection = await connect(options(url, 'bench-relay'), () => {
    done++;
    send();
  });
  await connection.subscribe(back);
  for (let i = 0; i < underWay; i++) send();
  // Warm, as the others are.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [before, startMs] = [done, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const rate = ((done - before) * 1000) / (performance.now() - startMs);
  await connection.close();
  return rate;
}

if (process.argv[2] === 'echo') {
  const [, , , url, bytes] = process.argv;
  const payload = new Uint8Array(Number(bytes));
  const connection = await connect(options(url, 'bench-echo'), () => {
    void connection.publish(back, payload, { qos: 0 }).catch(() => {});
  });
  await connection.subscribe(there);
  process.stdout.write('ready\n');
}
