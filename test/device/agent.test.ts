import { describe, expect, it } from 'vitest';
import { createCodec, decodeEnvelope, type Envelope } from '../../src/broker/index.ts';
import type { Pixels } from '../../src/data/index.ts';
import { type Agent, runAgent } from '../../src/device/agent.ts';
import type { Answer } from '../../src/device/message.ts';
import { Outbox } from '../../src/device/outbox.ts';
import type { Failed, Inference } from '../../src/device/record.ts';
import type { Route } from '../../src/device/route.ts';
import { onlyRoute } from '../../src/device/routing.ts';
import { Session } from '../../src/device/session.ts';
import type { Source, Unread } from '../../src/device/source.ts';
import { CutlineError } from '../../src/errors.ts';
import { float32 } from '../../src/model/index.ts';

type Fate =
  | 'answered'
  | 'unread'
  | 'head fails'
  | 'not encoded'
  | 'not paid for'
  | 'refused'
  | 'too large'
  | 'unanswered'
  | 'head breaks'
  | 'record fails'
  | 'broker lost';

const answerBody: Answer['body'] = {
  kind: 'result',
  outputs: { y: float32(Float32Array.of(0, 1), [1, 2]) },
  queueMs: 0,
  tailMs: 0,
  decodeMs: 0,
};

/** An agent whose pictures have fates, two in flight, before a real outbox and a broker that is a function. */
function agentOf(
  fates: readonly Fate[],
  { stopAt, expiryMs }: { readonly stopAt?: number; readonly expiryMs?: number } = {},
) {
  const stop = new AbortController();
  const records: (Inference | Failed)[] = [];
  const seen = { taken: 0, underWay: 0, most: 0 };
  let lost: CutlineError | undefined;
  const answer = ({ correlationId }: Envelope, body: Answer['body']) =>
    setTimeout(() => outbox.answer({ correlationId, arrivedMs: performance.now(), body }), 1);
  const outbox = new Outbox({
    timeoutMs: 5,
    retries: 1,
    expiryMs: expiryMs ?? 20_000,
    fleet: 'yard',
    keepaliveMs: 15_000,
    most: 64,
    settled: async () => {},
    log: () => {},
    send: async (_id, _plan, { payload }) => {
      const envelope = decodeEnvelope(Buffer.from(payload));
      const fate = fates[envelope.sequence]!;
      if (envelope.sequence === stopAt) stop.abort();
      if (fate === 'too large') throw new CutlineError('MESSAGE_TOO_LARGE');
      if (fate === 'refused') answer(envelope, { kind: 'failure', code: 'PLAN_MISMATCH', message: '' });
      if (fate === 'broker lost') {
        lost = new CutlineError('BROKER_UNREACHABLE');
        outbox.fail(lost);
      }
      if (fate === 'answered' || fate === 'record fails') answer(envelope, answerBody);
    },
  });
  // Without a connection messages can only expire.
  if (expiryMs === undefined) outbox.up();
  const fateOf = (index: number) => fates[index]!;
  /** Heads and codecs know a picture by its only pixel; who pays has been encoded before. */
  const encoded: number[] = [];
  const route: Route = {
    plan: { planId: 'p', tail: {} } as Route['plan'],
    session: new Session(20_000, []),
    checkCap: () => {},
    head: {
      async run(input) {
        const fate = fateOf(Number(input.data[0]));
        if (fate === 'head fails') throw new CutlineError('ENGINE_RUN');
        if (fate === 'head breaks') throw new Error('a bug');
        return { x: input };
      },
    },
    codec: {
      ...createCodec('float32'),
      async encode(name, tensor) {
        const index = Number(tensor.data[0]);
        if (fateOf(index) === 'not encoded') throw new CutlineError('CODEC_RANGE');
        encoded.push(index);
        return createCodec('float32').encode(name, tensor);
      },
    },
    async spend() {
      if (fateOf(encoded.shift()!) === 'not paid for') throw new CutlineError('BUDGET_SPENT');
    },
  };
  const agent: Agent = {
    deviceId: 'd',
    bootId: '00'.repeat(16),
    expiryMs: 20_000,
    inFlight: 2,
    routing: onlyRoute(route),
    inputs: { read: async ({ data }) => float32(Float32Array.of(data[0]!), [1, 1]) },
    uplink: {
      check() {
        if (lost) throw lost;
      },
      get lost() {
        return lost !== undefined;
      },
      deliver: (message) => outbox.deliver(message),
    },
    async record(inference) {
      seen.underWay--;
      if (fateOf(inference.index) === 'record fails') throw new CutlineError('OUTPUT_NOT_WRITABLE');
      records.push(inference);
    },
  };
  const source: Source = (async function* () {
    for (const [index, fate] of fates.entries()) {
      seen.taken++;
      seen.most = Math.max(seen.most, ++seen.underWay);
      const name = `${index}`;
      if (fate === 'unread') yield { name, error: new CutlineError('NOT_AN_IMAGE') } satisfies Unread;
      else yield { name, label: undefined, pixels: onePixel(Number(name)) };
    }
  })();
  const run = runAgent(agent, source, stop.signal);
  const told = () => records.sort((a, b) => a.index - b.index).map((r) => ('error' in r ? r.error.code : 'answered'));
  return { run, seen, outbox, told };
}

const only: Readonly<Partial<Record<Fate, string>>> = {
  answered: 'answered',
  unread: 'NOT_AN_IMAGE',
  'head fails': 'ENGINE_RUN',
  'not encoded': 'CODEC_RANGE',
  'not paid for': 'BUDGET_SPENT',
  refused: 'ANSWER_FAILED',
  'too large': 'MESSAGE_TOO_LARGE',
  unanswered: 'NO_ANSWER',
};

describe('an agent with two pictures in flight', () => {
  // Five of a kind would hold the agent up for ever if even every other one took its place with it.
  it.each(Object.entries(only) as [Fate, string][])('goes on after pictures that end as: %s', async (fate, code) => {
    const { run, seen, outbox, told } = agentOf([fate, fate, fate, fate, fate, 'answered', 'answered']);
    await run;
    expect(told()).toEqual([code, code, code, code, code, 'answered', 'answered']);
    expect(seen.most).toBe(2);
    expect(outbox.counts.waiting).toBe(0);
  });

  it('goes on after all of them in turn', async () => {
    const fates = Object.keys(only) as Fate[];
    const { run, seen, told } = agentOf([...fates, ...fates]);
    await run;
    expect(told()).toEqual([...Object.values(only), ...Object.values(only)]);
    expect(seen.most).toBe(2);
  });

  it('goes on after those that expire before there is a connection', async () => {
    const { run, seen, told } = agentOf(Array<Fate>(5).fill('answered'), { expiryMs: 10 });
    await run;
    expect(told()).toEqual(Array(5).fill('NO_ANSWER'));
    expect(seen.most).toBe(2);
  });

  it('finishes what is under way when it is stopped, and takes nothing more', async () => {
    const { run, seen, told } = agentOf(['answered', 'answered', 'answered', 'answered', 'answered'], { stopAt: 1 });
    await run;
    expect(told()).toEqual(['answered', 'answered', ...(seen.taken === 3 ? ['answered'] : [])]);
    expect(seen.taken).toBeLessThanOrEqual(3);
  });

  it.each<[Fate, object]>([
    ['head breaks', { message: 'a bug' }],
    ['record fails', { code: 'OUTPUT_NOT_WRITABLE' }],
    ['broker lost', { code: 'BROKER_UNREACHABLE' }],
  ])('ends with the failure when: %s', async (fate, error) => {
    const { run, seen, outbox } = agentOf(['answered', fate, 'answered', 'answered', 'answered', 'answered']);
    await expect(run).rejects.toMatchObject(error);
    expect(seen.taken).toBeLessThanOrEqual(4);
    expect(outbox.counts.waiting).toBe(0);
  });
});

function onePixel(value: number): Pixels {
  return { count: 1, channels: 1, height: 1, width: 1, data: Uint8Array.of(value) };
}
