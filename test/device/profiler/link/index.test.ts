import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, type ConnectOptions, startBroker } from '../../../../src/broker/index.ts';
import { linkOf } from '../../../../src/device/profiler/link/fit.ts';
import { measureLink } from '../../../../src/device/profiler/link/index.ts';
import { startProxy } from '../../../support/proxy.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 4 * 2 ** 20, maxClients: 10 });
});
afterAll(() => broker.close());

const options = (port: number, maxPacketBytes = 4 * 2 ** 20): ConnectOptions => ({
  url: `mqtt://127.0.0.1:${port}`,
  protocol: 'auto',
  clientId: `probe-${Math.random()}`,
  keepaliveS: 15,
  connectTimeoutMs: 2000,
  maxPacketBytes,
});

describe('measuring a link', () => {
  it('sees the round trip and the uplink that a shaped link has', async () => {
    const proxy = await startProxy(broker.port);
    Object.assign(proxy, { latencyMs: 10, bytesPerS: 2.5e6 });
    try {
      const link = await measureLink({ connect: options(proxy.port), repeats: 4, sizes: [64, 65_536, 262_144] });
      expect(link.rttMs.value).toBeGreaterThan(19);
      expect(link.rttMs.value).toBeLessThan(60);
      expect(link.uplinkBps.value).toBeGreaterThan(12e6);
      expect(link.uplinkBps.value).toBeLessThan(26e6);
      expect(link.rttMs.source).toBe('measured');
    } finally {
      await proxy.close();
    }
  });

  it('sends nothing larger than may be sent', async () => {
    const link = await measureLink({ connect: options(broker.port, 100_000), repeats: 3 });
    expect(link.rttMs.spread!.n).toBe(3);
  });

  it('says so when the broker is not there', async () => {
    await expect(measureLink({ connect: options(1) })).rejects.toMatchObject({ code: 'BROKER_LOST' });
  });

  it('reads a link out of samples, late packets notwithstanding', () => {
    const samples = [64, 10_000, 100_000].flatMap((bytes) =>
      [0, 0, 0, 0, 300].map((lateMs) => ({
        bytes,
        listeners: 1,
        ackMs: 5 + bytes * 8e-4 + lateMs,
        echoMs: 9 + bytes * 12e-4 + lateMs,
      })),
    );
    const copies = samples.map((s) => ({ ...s, listeners: 3, echoMs: s.echoMs + 2 * (0.3 + s.bytes * 4e-4) }));
    const link = linkOf([...samples, ...copies], 1000, 0.02);
    expect(link.loss!.value).toBe(0.02);
    expect(link.echoes!.map((e) => e.bytes)).toEqual([64, 10_000, 100_000]);
    expect(link.rttMs.spread!.p95).toBeGreaterThan(200);
    // Without copies nobody knows the way down, and it is not made up.
    expect(linkOf(samples, 1000).downlinkBps).toBeUndefined();
    expect(link.uplinkBps.value).toBeCloseTo(1e7, -4);
    expect(link.downlinkBps!.value).toBeCloseTo(2e7, -4);
    expect(link.rttMs.value).toBeCloseTo(9.077, 2);
    expect(link.maxPacketBytes!.value).toBe(1000);
  });
});
