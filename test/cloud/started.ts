import {
  createCodec,
  decodeEnvelope,
  type Envelope,
  type ExpectedTensor,
  encodeEnvelope,
} from '../../src/broker/index.ts';
import { Answers } from '../../src/cloud/answers.ts';
import { Consumer, type ConsumerOptions } from '../../src/cloud/consumer.ts';
import type { Served } from '../../src/cloud/item.ts';
import type { Tail } from '../../src/cloud/tail.ts';
import { float32 } from '../../src/model/index.ts';

export const topic = 'cutline/v1/yard/cam-1/act/plan';
export const id = (n: number) => n.toString(16).padStart(32, '0');
export const expected: ExpectedTensor[] = [{ name: 'relu2', dtype: 'float32', shape: [1, 2], codecs: ['float32'] }];
export const answered: ExpectedTensor[] = [{ name: 'logits', dtype: 'float32', shape: [1, 2], codecs: ['float32'] }];
export const tensors = [await createCodec('float32').encode('relu2', float32([1, 2], [1, 2]))];

export function activation(n: number, change: Partial<Envelope> = {}): Buffer {
  const envelope: Envelope = {
    planId: 'plan',
    deviceId: 'cam-1',
    bootId: id(0),
    sequence: n,
    correlationId: id(n),
    createdMs: 1000,
    expiresMs: 2000,
    body: { kind: 'activation', tensors },
    ...change,
  };
  return Buffer.from(encodeEnvelope(envelope));
}

/** A consumer with a tail that answers when it is told to. */
export function start({ served, ...options }: Partial<ConsumerOptions> & { readonly served?: Partial<Served> } = {}) {
  const answers: { device: string; envelope: Envelope }[] = [];
  const waiting: (() => void)[] = [];
  let runs = 0;
  const tail: Tail = {
    most: 1,
    takes: () => 1,
    async run() {
      runs++;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return [{ logits: float32([3, 4], [1, 2]) }];
    },
  };
  const log: string[] = [];
  const consumer = new Consumer({
    fleet: 'yard',
    plans: [{ planId: 'plan', expected, answered, tail, waitMs: 0, ...served }],
    answers: new Answers(10, 1e6),
    concurrency: 1,
    queue: 3,
    queueBytes: 1e6,
    clockToleranceMs: 100,
    devices: 1000,
    reply: async (device, _id, payload) => void answers.push({ device, envelope: decodeEnvelope(payload) }),
    log: (line) => log.push(line),
    now: () => 1500,
    ...options,
  });
  const release = async () => {
    await settle();
    waiting.shift()?.();
    await settle();
  };
  const codes = () => answers.map(({ envelope: { body } }) => (body.kind === 'failure' ? body.code : body.kind));
  return { consumer, answers, log, release, codes, runs: () => runs };
}

export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
