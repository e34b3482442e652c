/** Pictures under way on several routes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/broker/index.ts';
import { type Agent, runAgent } from '../../src/device/agent.ts';
import type { Delivered } from '../../src/device/message.ts';
import type { Failed, Inference } from '../../src/device/record.ts';
import type { Route } from '../../src/device/route.ts';
import type { Routing } from '../../src/device/routing.ts';
import { Session } from '../../src/device/session.ts';
import type { Source } from '../../src/device/source.ts';
import { CutlineError } from '../../src/errors.ts';
import { float32 } from '../../src/model/index.ts';

const route = (planId: string, isLocal = false): Route => ({
  plan: { planId, tail: isLocal ? null : {} } as Route['plan'],
  session: new Session(20_000, []),
  checkCap: () => {},
  head: { run: async (input) => ({ x: input }) },
  codec: createCodec('float32'),
  spend: async () => {},
});
const [stuck, open, here] = [route('stuck'), route('open'), route('here', true)];

/** Ten pictures; what is sent on the route that is stuck has no answer until it is given up. */
function agentOn(given: { readonly refuge?: Route }) {
  const listeners: (() => void)[] = [];
  const records: (Inference | Failed)[] = [];
  const failed: string[] = [];
  let current = stuck;
  let giveUp: () => void = () => {};
  const givenUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const routing: Routing = {
    all: [stuck, open, here],
    get current() {
      return current;
    },
    refugeFrom: () => given.refuge,
    onMove: (listener) => void listeners.push(listener),
    ran() {},
    answered() {},
    failed: (where) => void failed.push(where.plan.planId),
  };
  const move = (to: Route) => {
    current = to;
    for (const tell of listeners) tell();
  };
  const agent: Agent = {
    deviceId: 'd',
    bootId: '00'.repeat(16),
    expiryMs: 20_000,
    inFlight: 2,
    inputs: { read: async ({ data }) => float32(Float32Array.of(data[0]!), [1, 1]) },
    routing,
    uplink: {
      check() {},
      lost: false,
      async deliver({ planId }): Promise<Delivered> {
        if (planId === 'stuck') {
          await givenUp;
          throw new CutlineError('NO_ANSWER');
        }
        const outputs = { y: float32(Float32Array.of(0, 1), [1, 2]) };
        return {
          outcome: { kind: 'result', outputs, queueMs: 0, tailMs: 0, decodeMs: 0 },
          sentMs: 0,
          arrivedMs: 0,
          tries: 1,
        };
      },
    },
    record: async (ended) => void records.push(ended),
  };
  let taken = 0;
  const source: Source = (async function* () {
    for (let i = 0; i < 10; i++) {
      taken++;
      yield {
        name: `${i}`,
        label: undefined,
        pixels: { count: 1, channels: 1, height: 1, width: 1, data: Uint8Array.of(i) },
      };
    }
  })();
  const run = runAgent(agent, source, new AbortController().signal);
  return { run, move, giveUp: () => giveUp(), records, failed, taken: () => taken };
}

describe('pictures on several routes', () => {
  it('take no more than the places of a route, go on where another is current, and end where they began', async () => {
    const { run, move, giveUp, records, failed, taken } = agentOn({});
    await sleep(20);
    expect(taken()).toBe(2);
    move(open);
    await sleep(50);
    expect(records.map((r) => ('planId' in r ? r.planId : r.error.code))).toEqual(Array(8).fill('open'));
    giveUp();
    await run;
    expect(records).toHaveLength(10);
    expect(records.slice(8).map((r) => 'error' in r && r.error.code)).toEqual(['NO_ANSWER', 'NO_ANSWER']);
    expect(failed).toEqual(['stuck', 'stuck']);
    expect(new Set(records.map((r) => r.index)).size).toBe(10);
  });

  it('are answered here where nobody answers elsewhere and a route needs nobody', async () => {
    const { run, move, giveUp, records } = agentOn({ refuge: here });
    await sleep(20);
    move(here);
    await sleep(50);
    giveUp();
    await run;
    expect(records.map((r) => 'planId' in r && r.planId)).toEqual(Array(10).fill('here'));
    expect(records.map((r) => r.index).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
