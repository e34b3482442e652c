import { describe, expect, it } from 'vitest';
import { Stream } from '../../../src/device/routes/stream.ts';

/** A link that carries one byte after the other, with a clock of its own. */
function link(options: { rttMs: number; msPerKb: number }) {
  let now = 0;
  let freeMs = 0;
  const due: { atMs: number; done: () => void }[] = [];
  const stream = new Stream(() => now);
  const settled = () => new Promise<void>((done) => due.push({ atMs: Math.max(now, freeMs) + options.rttMs, done }));
  const send = (bytes: number) => {
    const told = stream.sending(bytes);
    freeMs = Math.max(now, freeMs) + (bytes * options.msPerKb) / 1000;
    told.written(settled);
  };
  const pass = async (ms: number) => {
    for (const end = now + ms; now < end; now += 1) {
      for (const one of due.filter((d) => d.atMs <= now)) {
        due.splice(due.indexOf(one), 1);
        one.done();
        for (let i = 0; i < 5; i++) await Promise.resolve();
      }
    }
  };
  const begin = () => void stream.begin(settled);
  return { stream, options, send, pass, begin };
}

describe('the speed of a stream', () => {
  it.each([
    ['one message at a time', 1, 400],
    ['messages that fill it', 4, 200],
  ])('is told by %s: its fall, and its return', async (_, lanes, everyMs) => {
    const { stream, options, send, pass, begin } = link({ rttMs: 10, msPerKb: 1 });
    begin();
    await pass(20);
    const traffic = async (ms: number) => {
      for (let t = 0; t < ms; t += everyMs) {
        for (let i = 0; i < lanes; i++) send(20_000);
        await pass(everyMs);
      }
    };
    await traffic(3000);
    expect(stream.speed()!.rttMs).toBeCloseTo(10, -1);
    expect(stream.speed()!.msPerKb).toBeGreaterThan(0.7);
    expect(stream.speed()!.msPerKb).toBeLessThan(1.4);
    options.msPerKb = 10;
    await traffic(3000);
    expect(stream.speed()!.msPerKb).toBeGreaterThan(6);
    // What filled it drains.
    await pass(20_000);
    options.msPerKb = 1;
    await traffic(2000);
    expect(stream.speed()!.msPerKb).toBeLessThan(2);
  });

  it('is known to be bad before a message that takes long has arrived', async () => {
    const { stream, options, send, pass, begin } = link({ rttMs: 2, msPerKb: 0.1 });
    begin();
    await pass(10);
    send(10_000);
    await pass(100);
    options.msPerKb = 1000;
    send(10_000);
    await pass(2000);
    expect(stream.speed()!.msPerKb).toBeGreaterThan(100);
    // Nor is it taken for good again when it has.
    await pass(8100);
    expect(stream.speed()!.msPerKb).toBeGreaterThan(900);
  });

  it('is not known any more when nothing was sent for long, nor on a new connection before anything was', async () => {
    const { stream, send, pass, begin } = link({ rttMs: 2, msPerKb: 1 });
    expect(stream.speed()).toBeUndefined();
    begin();
    await pass(10);
    expect(stream.speed()).toBeUndefined();
    send(5000);
    await pass(100);
    expect(stream.speed()).toMatchObject({ fromBytes: 5060 });
    await pass(11_000);
    expect(stream.speed()).toBeUndefined();
  });
});
