/**
 * Many devices in one process, each with a connection, a session and an outbox of its own, as an agent has them; only the head is
 * left out: what it would give is made once. A child of `run.mjs`, which says what to do in messages.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createCodec, expectedActivation, expectedAnswer } from '../../../dist/broker/index.js';
import { Session } from '../../../dist/device/session.js';
import { Uplink } from '../../../dist/device/uplink.js';
import { float32 } from '../../../dist/model/index.js';
import { createRandom } from '../../../dist/random.js';

const EXPIRY_MS = 60_000;
const uplinks = [];
let sequence = 0;
let context;

const work = {
  connect: connectAll,
  load,
  connected: () => ({ connected: uplinks.filter((u) => u.isConnected).length }),
  close,
};
process.on('message', async ({ id, task, ...options }) => {
  try {
    process.send({ id, value: await work[task](options) });
  } catch (error) {
    process.send({ id, problem: error.stack });
  }
});

/** So many a second, as a fleet that is switched on bit by bit. */
async function connectAll({ url, fleet, planPath, devices, perSecond }) {
  const plan = JSON.parse(await readFile(planPath, 'utf8'));
  const codec = createCodec(plan.codec);
  const random = createRandom(1);
  const values = ({ shape }) => random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), 1);
  const tensors = await Promise.all(plan.cut.tensors.map((t) => codec.encode(t.name, float32(values(t), t.shape))));
  context = { planId: plan.planId, tensors };
  for (let i = 0; i < devices; i++) {
    const device = `cam-${i}`;
    const bootId = randomBytes(16).toString('hex');
    const session = new Session(EXPIRY_MS, expectedActivation(plan));
    const connect = {
      ...{ url, protocol: 'auto', clientId: `${fleet}-${device}`, keepaliveS: 60 },
      ...{ connectTimeoutMs: 30_000, maxPacketBytes: 2 ** 20 },
    };
    const uplink = new Uplink({
      ...{ link: { connect }, fleet, device, planId: plan.planId, bootId, session, expected: expectedAnswer(plan) },
      ...{
        unpacking: 4,
        qos: 1,
        timeoutMs: 10_000,
        expiryMs: EXPIRY_MS,
        inFlight: 1,
        healthMs: 2 ** 30,
        log: () => {},
      },
    });
    uplink.start();
    uplinks.push(Object.assign(uplink, { device, bootId, session }));
    if ((i + 1) % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 20_000 / perSecond));
  }
  const deadline = Date.now() + 60_000;
  while (uplinks.some((u) => !u.isConnected) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return work.connected();
}

/** Each device sends once in so many seconds, from a moment of its own on; one that still waits for its answer leaves a turn out. */
async function load({ everyS, seconds }) {
  const random = createRandom(2);
  const totals = [];
  const counts = { asked: 0, answered: 0, failed: 0, leftOut: 0, tries: 0 };
  const startMs = performance.now();
  const endMs = startMs + 1000 * seconds;
  const failures = {};
  await Promise.all(
    uplinks.map(async (uplink) => {
      let atMs = startMs + 1000 * everyS * random.uniform();
      while (atMs < endMs) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
        try {
          counts.asked++;
          const { sentMs, arrivedMs, tries } = await ask(uplink);
          counts.answered++;
          counts.tries += tries;
          totals.push(arrivedMs - sentMs);
        } catch (error) {
          counts.failed++;
          failures[error.code ?? error.message] = (failures[error.code ?? error.message] ?? 0) + 1;
        }
        for (atMs += 1000 * everyS; atMs < performance.now(); atMs += 1000 * everyS) counts.leftOut++;
      }
    }),
  );
  const hostile = uplinks.reduce((sum, u) => sum + u.counts.hostile, 0);
  return {
    ...counts,
    failures,
    hostile,
    totalsMs: totals.sort((a, b) => a - b).filter((_, i) => i % Math.ceil(totals.length / 2000) === 0),
  };
}

function ask(uplink) {
  const { planId, tensors } = context;
  const { device: deviceId, bootId, session } = uplink;
  const createdMs = Date.now();
  const correlationId = randomBytes(16).toString('hex');
  const header = {
    planId,
    deviceId,
    bootId,
    sequence: sequence++,
    correlationId,
    createdMs,
    expiresMs: createdMs + EXPIRY_MS,
  };
  return uplink.deliver({
    correlationId,
    first: session.write(header, tensors),
    again: () => session.writeInFull(header, tensors),
  });
}

async function close() {
  await Promise.all(uplinks.map((u) => u.close().catch(() => {})));
  return {};
}
