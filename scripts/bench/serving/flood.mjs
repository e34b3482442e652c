/** Many devices that always have as many activations under way: what a consumer answers, at most. */
import { randomBytes } from 'node:crypto';
import { connect, createCodec, decodeMessage, encodeEnvelope } from '../../../dist/broker/index.js';
import { float32 } from '../../../dist/model/index.js';

const DEVICES = 16;
/** What got no answer by then is taken for lost, and another is sent in its place. */
const LOST_MS = 2000;

/** Answers a second; what a consumer refuses is no answer, and is sent again as another. */
export async function flood(url, { fleet, cut, planId, underWay, seconds }) {
  const codec = createCodec('float32');
  const values = ({ shape }) => new Float32Array(shape.reduce((a, b) => a * b, 1)).map(Math.random);
  const tensors = await Promise.all(cut.tensors.map((t) => codec.encode(t.name, float32(values(t), t.shape))));
  const body = { kind: 'activation', tensors };
  const bootId = randomBytes(16).toString('hex');
  const sentMs = new Map();
  let [sequence, answers] = [0, 0];
  const send = () => {
    const deviceId = `cam-${sequence % DEVICES}`;
    const correlationId = randomBytes(16).toString('hex');
    const [createdMs, expiresMs] = [Date.now(), Date.now() + 60_000];
    const header = { planId, deviceId, bootId, sequence: sequence++, correlationId, createdMs, expiresMs };
    sentMs.set(correlationId, createdMs);
    const topic = `cutline/v1/${fleet}/${deviceId}/act/${planId}`;
    void connection.publish(topic, encodeEnvelope({ ...header, body }), { qos: 0 }).catch(() => {});
  };
  const options = { url, protocol: 'auto', clientId: `flood-${fleet}`, keepaliveS: 15, connectTimeoutMs: 10_000 };
  const connection = await connect({ ...options, maxPacketBytes: 16 * 2 ** 20 }, (_topic, payload) => {
    const answer = decodeMessage(payload);
    if (!sentMs.delete(answer.correlationId)) return;
    if (answer.body.kind === 'result') answers++;
    send();
  });
  await connection.subscribe(`cutline/v1/${fleet}/+/res`);
  for (let i = 0; i < underWay; i++) send();
  const lost = setInterval(() => {
    for (const [id, ms] of sentMs) if (Date.now() - ms > LOST_MS && sentMs.delete(id)) send();
  }, LOST_MS);
  // Warm, as the others are.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [before, startMs] = [answers, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const rate = ((answers - before) * 1000) / (performance.now() - startMs);
  clearInterval(lost);
  await connection.close();
  return rate;
}
