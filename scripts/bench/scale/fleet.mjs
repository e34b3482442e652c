/**
 * `node scripts/bench/scale/fleet.mjs RESULT… [--devices N] [--every S] [--bytes N] [--tail-ms X] [--busy SHARE]`: what a fleet needs,
 * reckoned from what `npm run bench:scale` measured (of several results, the last). Modelled: it adds up, and knows no other limit
 * than those it names. Prices are arguments; their defaults are published ones, see docs/scale.md. Prints one JSON document.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { simulate } from './queue.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    devices: { type: 'string', default: '1000000' },
    every: { type: 'string', default: '10' },
    /** Of an activation on the wire beside the measured one's: what another cut sends more (or less). */
    bytes: { type: 'string', default: '0' },
    /** Of a tail beside the measured one's, on one core. */
    'tail-ms': { type: 'string', default: '0' },
    busy: { type: 'string', default: '0.6' },
    'core-usd-per-hour': { type: 'string', default: '0.0408' },
    'out-usd-per-gb': { type: 'string', default: '0.09' },
  },
});
const of = (name) => Number(values[name]);
const [devices, everyS, busy] = [of('devices'), of('every'), of('busy')];
const measured = JSON.parse(await readFile(positionals.at(-1), 'utf8'));
const { each, latencyMs } = measured.whole;
const ratePerS = devices / everyS;
const consumerMs = each.consumerMs + of('tail-ms');
/** Segments: a message and its acknowledgement each way, with TCP, IP and Ethernet around them, and what goes beyond 1448 bytes. */
const FRAME_BYTES = 78;
const MOST_PAYLOAD = 1448;
const onWire = (bytes) => bytes + FRAME_BYTES * (1 + Math.ceil(bytes / MOST_PAYLOAD));
const [up, down] = [onWire(each.upBytes + of('bytes')), onWire(each.downBytes)];
const cores = (ms) => (ratePerS * ms) / 1000;
const atMost = (share, ms) => Math.floor((share * 1000 * everyS) / ms);
const needed = { consumer: cores(consumerMs) / busy, broker: cores(each.brokerMs) / busy };
const consumers = Math.ceil(needed.consumer);
const monthS = 30 * 86_400;
const hours = monthS / 3600;
const document = {
  format: 'cutline.scale/1',
  source: 'modelled',
  asked: { devices, everyS, busy, ratePerS, consumerMs, brokerMs: each.brokerMs },
  consumers: {
    cores: needed.consumer,
    processes: consumers,
    devicesEach: Math.ceil(devices / consumers),
    residentBytesEach: measured.whole.residentBytes.consumer + 2000 * Math.ceil(devices / consumers),
  },
  brokers: { cores: needed.broker, connectionBytes: devices * measured.connection.brokerBytes },
  bitsPerS: { in: 8 * ratePerS * up, out: 8 * ratePerS * down, betweenBrokersAndConsumers: 8 * ratePerS * (up + down) },
  usdPerMonth: {
    consumers: needed.consumer * hours * of('core-usd-per-hour'),
    brokers: needed.broker * hours * of('core-usd-per-hour'),
    out: ((ratePerS * down * monthS) / 1e9) * of('out-usd-per-gb'),
  },
  /** Devices at which one of each is at its share. */
  firstFull: {
    [`one broker of this kind (${measured.broker}), one core`]: atMost(busy, each.brokerMs),
    'one consumer, one core': atMost(busy, consumerMs),
    'sessions that a consumer remembers unless told (devices: 10000)': 10_000,
    'a link of 1 Gbit/s into the brokers': Math.floor((busy * 1e9 * everyS) / (8 * up)),
    'files that a broker may open, as systemd sets it unless told (LimitNOFILE 524288)': 524_288,
  },
  /** One core of a broker at its share, and the consumers that this takes, event by event. */
  queues: queuesAt(),
  measuredMs: latencyMs,
};
process.stdout.write(`${JSON.stringify(rounded(document), null, 2)}\n`);

function queuesAt() {
  const filled = Math.min(devices, atMost(busy, each.brokerMs));
  const consumers = Math.ceil(filled / atMost(busy, consumerMs));
  const broker = { name: 'broker', meanMs: each.brokerMs / 2 };
  const stages = Array.from({ length: consumers }, (_, i) => [
    broker,
    { name: `consumer ${i}`, meanMs: consumerMs },
    broker,
  ]);
  const seconds = 2 * everyS;
  const totals = simulate({ devices: filled, everyS, seconds, stagesOf: (device) => stages[device % consumers] });
  const at = (q) => totals[Math.floor(q * totals.length)];
  return { devices: filled, consumers, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

function rounded(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(3));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, rounded(v)]));
}
