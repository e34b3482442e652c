/**
 * Envelopes of both forms, changed anyhow, before a consumer and before what an agent does with answers: each is taken, answered or
 * dropped with a word of ours, nothing throws, nothing takes long, and memory does not grow with their number.
 */
import { deflateRawSync } from 'node:zlib';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Body,
  createCodec,
  decodeMessage,
  decodeTensors,
  type ExpectedTensor,
  encodeEnvelope,
  encodeShort,
  misfit,
} from '../../src/broker/index.ts';
import { EnvelopeSchema } from '../../src/broker/wire/cutline_pb.ts';
import { Answers } from '../../src/cloud/answers.ts';
import { Consumer } from '../../src/cloud/consumer.ts';
import { CutlineError } from '../../src/errors.ts';
import { float32 } from '../../src/model/index.ts';
import { createRandom, type Random } from '../../src/random.ts';

export interface EnvelopeVerdict {
  readonly judged: number;
  /** By what became of them. */
  readonly counts: Readonly<Record<string, number>>;
  /** What must not be, a line each; empty is well. */
  readonly faults: readonly string[];
  readonly grownMb: number;
  readonly slowestMs: number;
}

const id = (n: number, bytes: number) => n.toString(16).padStart(2 * bytes, '0');
const session = { id: id(1, 4), sinceMs: 0, expiryMs: 1e9 };
const topic = 'cutline/v1/yard/cam-1/act/p';
const expected: ExpectedTensor[] = [
  { name: 'x', dtype: 'float32', shape: [1, 16], codecs: ['float32+deflate'] },
  { name: 'k', dtype: 'int64', shape: [1, 2], codecs: ['raw+deflate'] },
];
/** 4 kB that would be 4 MB. */
const bomb = deflateRawSync(new Uint8Array(4e6));

/** One of each kind and form. */
async function seeds(): Promise<Uint8Array[]> {
  const codec = createCodec('float32+deflate');
  const tensors = [
    await codec.encode('x', float32(new Float32Array(16).fill(1), [1, 16])),
    await codec.encode('k', { dtype: 'int64', shape: [1, 2], data: new BigInt64Array(2) }),
  ];
  const header = { planId: 'p', deviceId: 'cam-1', bootId: id(2, 16), sequence: 1, createdMs: 1, expiresMs: 1e12 };
  const bodies: Body[] = [
    { kind: 'activation', tensors },
    { kind: 'result', tensors, queueMs: 1, tailMs: 1, decodeMs: 1 },
    { kind: 'failure', code: 'INTERNAL', message: 'm' },
  ];
  const short = { sessionId: session.id, correlationId: id(3, 16), sequence: 1, atMs: 1 };
  return bodies.flatMap((body) => [
    encodeEnvelope({ ...header, correlationId: id(3, 16), body }),
    encodeEnvelope({ ...header, correlationId: id(3, 16), body, session }),
    encodeShort(short, body, expected),
  ]);
}

/** The mutant of a number: another correlation id in any case, so that no cache answers for it. */
function mutant(valid: readonly Uint8Array[], seed: number, number: number): Uint8Array {
  const random = createRandom(seed).fork(number);
  const wire = fromBinary(EnvelopeSchema, valid[random.int(valid.length)]!);
  wire.correlationId = Buffer.from(id(number, 16), 'hex');
  if (random.int(2) === 0) changeFields(wire, random);
  const bytes = toBinary(EnvelopeSchema, wire);
  const flips = random.int(3) === 0 ? 1 + random.int(6) : 0;
  for (let i = 0; i < flips; i++) bytes[random.int(bytes.length)]! ^= 1 << random.int(8);
  return random.int(10) === 0 ? bytes.subarray(0, random.int(bytes.length)) : bytes;
}

function changeFields(wire: ReturnType<typeof fromBinary<typeof EnvelopeSchema>>, random: Random): void {
  const { body } = wire;
  const t = body.case === 'activation' || body.case === 'result' ? body.value.tensors[0] : undefined;
  const any = <T>(...values: T[]): T => values[random.int(values.length)]!;
  const changes: (() => void)[] = [
    () => (wire.sessionId = new Uint8Array(any(0, 3, 4, 5))),
    () => (wire.atMs = any(0, 2 ** 31, 2 ** 32 - 1)),
    () => (wire.expiresMs = any(0n, 2n ** 53n, 2n ** 64n - 1n)),
    () => (wire.deviceId = any('', 'cam-2', '../#', 'x'.repeat(3000))),
    () => (wire.planId = any('', 'q', 'x'.repeat(3000))),
  ];
  if (t) {
    changes.push(
      () => (t.name = any('', 'k', '__proto__', 'x'.repeat(3000))),
      () => (t.dtype = any('', 'bool', 'string', 'int64', 'float16')),
      () => (t.shape = any([], [16], [1, 1e6], [2 ** 32 - 1, 2 ** 32 - 1], Array(9).fill(1), [0])),
      () => (t.codec = any('', 'raw', 'code', 'uint8+deflate', 'float32', 'zip')),
      () => (t.data = any(bomb, new Uint8Array(0), new Uint8Array(64), deflateRawSync(new Uint8Array(65)))),
      () => (t.place = any(0, 1, 2, 3, 2 ** 32 - 1)),
      () => (t.scale = any(Number.NaN, 0.5, 1, -1, Number.POSITIVE_INFINITY)),
      () => (t.zeroPoint = any(-1, 1, 16, 2 ** 31 - 1)),
    );
  }
  for (let n = 1 + random.int(3); n > 0; n--) changes[random.int(changes.length)]!();
}

export async function fuzzEnvelopes(seed: number, count: number, untilMs: number): Promise<EnvelopeVerdict> {
  const valid = await seeds();
  const faults: string[] = [];
  const answers = { result: 0, failure: 0 };
  const consumer = new Consumer({
    fleet: 'yard',
    plans: [
      {
        planId: 'p',
        expected,
        answered: expected,
        tail: { most: 8, takes: (n) => Math.min(n, 8), run: async (activations) => [...activations] },
        waitMs: 0,
      },
    ],
    answers: new Answers(100, 1e6),
    concurrency: 2,
    queue: 64,
    queueBytes: 1e6,
    clockToleranceMs: 0,
    devices: 1000,
    reply: async (_device, _id, payload) => {
      const message = decodeMessage(payload);
      const { kind } = 'bodyWith' in message ? message : message.body;
      answers[kind === 'result' ? 'result' : 'failure']++;
    },
    log: () => {},
    now: () => 1,
  });
  let [judged, slowestMs, answersTaken] = [0, 0, 0];
  let baseMb = 0;
  for (; judged < count && performance.now() < untilMs; judged++) {
    const bytes = Buffer.from(mutant(valid, seed, judged));
    const startMs = performance.now();
    try {
      consumer.receive(topic, bytes);
      if (await isAnswer(bytes)) answersTaken++;
    } catch (error) {
      faults.push(`${judged}: ${(error as Error).stack}`);
      if (faults.length >= 10) break;
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    // Work under way gets its turn, as between two packets.
    if (judged % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (judged === 20_000) baseMb = process.memoryUsage().rss / 2 ** 20;
  }
  await consumer.drain();
  const { failures, refused, answered } = consumer.counts;
  return {
    judged,
    counts: { answered, answersTaken, ...refused, ...failures, ...answers },
    faults,
    grownMb: baseMb > 0 ? process.memoryUsage().rss / 2 ** 20 - baseMb : 0,
    slowestMs,
  };
}

/** What an agent does with an answer: whether it would take it. */
async function isAnswer(bytes: Buffer): Promise<boolean> {
  try {
    const message = decodeMessage(bytes);
    const body = 'bodyWith' in message ? message.bodyWith(expected) : message.body;
    if (body.kind !== 'result' || misfit(body.tensors, expected) !== undefined) return false;
    await decodeTensors(body.tensors);
    return true;
  } catch (error) {
    if (error instanceof CutlineError && /^(ENVELOPE|TENSOR)_INVALID$/.test(error.code)) return false;
    throw error;
  }
}
