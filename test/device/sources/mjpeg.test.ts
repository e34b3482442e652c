import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { mjpegFrames } from '../../../src/device/sources/mjpeg.ts';

let pictures: Buffer[];
beforeAll(async () => {
  const draw = (grey: number, progressive: boolean) =>
    sharp({ create: { width: 40, height: 30, channels: 3, background: { r: grey, g: 255 - grey, b: 7 } } })
      .composite([
        {
          input: Buffer.from(Array.from({ length: 1200 }, (_, i) => (i * grey) % 251)),
          raw: { width: 40, height: 30, channels: 1 },
        },
      ])
      .jpeg({ progressive })
      .toBuffer();
  const plain = await Promise.all([draw(10, false), draw(100, true), draw(200, false)]);
  // A thumbnail in APP1: a JPEG inside the JPEG.
  const thumbnail = plain[0]!.subarray(0, 400);
  const inside = Buffer.concat([thumbnail, Buffer.of(0xff, 0xd9, 0xff, 0xd8, 0xff, 0xd9)]);
  const app1 = Buffer.concat([Buffer.of(0xff, 0xe1, (inside.length + 2) >> 8, (inside.length + 2) & 255), inside]);
  pictures = [...plain, Buffer.concat([plain[2]!.subarray(0, 2), app1, plain[2]!.subarray(2)])];
});

async function split(stream: Buffer, cuts: readonly number[], maxFrameBytes = 1 << 20) {
  const edges = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  const chunks = (async function* () {
    for (let i = 1; i < edges.length; i++) yield stream.subarray(edges[i - 1], edges[i]);
  })();
  let broken = 0;
  const frames: Buffer[] = [];
  for await (const frame of mjpegFrames(chunks, { maxFrameBytes, onBroken: () => broken++ })) frames.push(frame);
  return { frames, broken };
}

describe('JPEGs out of a stream', () => {
  it('are whole however the stream is cut and whatever lies between them', async () => {
    const between = Buffer.from('\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n');
    const stream = Buffer.concat(pictures.flatMap((picture) => [between, picture]));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(stream.length), { maxLength: 40 }), async (cuts) => {
        const { frames, broken } = await split(stream, cuts);
        expect(broken).toBe(0);
        expect(frames.map((f) => f.equals(pictures[frames.indexOf(f)]!))).toEqual(pictures.map(() => true));
      }),
    );
    const bytewise = await split(stream, [...stream.keys()]);
    expect(bytewise.frames).toEqual(pictures);
  });

  it('that are cut short cost themselves, not the next', async () => {
    const [a, b, c] = pictures as [Buffer, Buffer, Buffer, Buffer];
    const { frames, broken } = await split(
      Buffer.concat([a.subarray(0, a.length - 9), b, c.subarray(0, 30)]),
      [50, 90],
    );
    expect(frames).toEqual([b]);
    expect(broken).toBe(2);
  });

  it('that do not end are given up, in bounded memory', async () => {
    const [a, b] = pictures as [Buffer, Buffer];
    const endless = Buffer.concat([a.subarray(0, a.length - 2), Buffer.alloc(400_000, 0x55)]);
    const { frames, broken } = await split(
      Buffer.concat([endless, b]),
      Array.from({ length: 400 }, (_, i) => i * 1000),
      20_000,
    );
    expect(frames).toEqual([b]);
    expect(broken).toBe(1);
  });

  it('are none in noise, which holds up nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.array(fc.nat(3000)), async (bytes, cuts) => {
        const noise = Buffer.from(bytes);
        const { frames } = await split(
          Buffer.concat([noise, Buffer.of(0, 0)]),
          cuts.filter((c) => c <= noise.length),
          2000,
        );
        for (const frame of frames) {
          expect([...frame.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
          expect([...frame.subarray(-2)]).toEqual([0xff, 0xd9]);
          expect(frame.length).toBeLessThanOrEqual(2000);
        }
      }),
    );
  });
});
