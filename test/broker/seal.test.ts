import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createCodec,
  decodeEnvelope,
  decodeMessage,
  type Envelope,
  encodeEnvelope,
  encodeShort,
  Seal,
} from '../../src/broker/index.ts';
import { float32 } from '../../src/model/index.ts';

const key = (id: number) => ({ id, secret: randomBytes(32) });
const [old, current] = [key(1), key(2)];
const cam = () => new Seal('yard', 'cam-1', [current, old]);
const tensors = [await createCodec('float32').encode('relu2', float32([1, 2, 3], [1, 3]))];
const envelope: Envelope = {
  planId: 'plan',
  deviceId: 'cam-1',
  bootId: '0'.repeat(32),
  sequence: 3,
  correlationId: 'a'.repeat(32),
  createdMs: 1e12,
  expiresMs: 1e12 + 1000,
  session: { id: 'abababab', sinceMs: 1e12, expiryMs: 1000 },
  body: { kind: 'activation', tensors },
};
const full = encodeEnvelope(envelope);
const short = encodeShort(
  { sessionId: 'abababab', correlationId: 'a'.repeat(32), sequence: 3, atMs: 7 },
  { kind: 'activation', tensors },
  [{ name: 'relu2', dtype: 'float32', shape: [1, 3], codecs: ['float32'] }],
);

describe('a seal', () => {
  it('opens to the same envelope, in either form, and hides the body', () => {
    const sealed = cam().seal(full, 'act');
    const { payload, keyId } = cam().open(sealed, 'act');
    expect(keyId).toBe(2);
    expect(decodeEnvelope(payload)).toEqual(decodeEnvelope(Buffer.from(full)));
    expect(Buffer.from(full).includes('relu2')).toBe(true);
    expect(sealed.includes('relu2')).toBe(false);
    // What tells messages apart stays readable.
    expect(sealed.includes('cam-1')).toBe(true);
    expect(decodeMessage(cam().open(cam().seal(short, 'act'), 'act').payload)).toMatchObject({
      sessionId: 'abababab',
      atMs: 7,
    });
    expect(cam().seal(short, 'act').length - short.length).toBeLessThanOrEqual(36);
  });

  it('never writes the same twice', () => {
    expect(cam().seal(full, 'act').equals(cam().seal(full, 'act'))).toBe(false);
  });

  it('is broken by any changed, missing or added bit', () => {
    const sealed = cam().seal(full, 'act');
    for (let i = 0; i < 8 * sealed.length; i++) {
      const bent = Buffer.from(sealed);
      bent[i >> 3]! ^= 1 << (i & 7);
      expect(() => cam().open(bent, 'act'), `bit ${i}`).toThrow(/ENVELOPE_INVALID|envelope/i);
    }
    for (let n = 0; n < sealed.length; n += 7) expect(() => cam().open(sealed.subarray(0, n), 'act')).toThrow();
    const more = Buffer.concat([sealed, encodeEnvelope({ ...envelope, sequence: 99 }).subarray(0, 2)]);
    expect(() => cam().open(more, 'act')).toThrow();
    // A body beside the seal would be another one.
    expect(() => cam().open(Buffer.concat([sealed, full]), 'act')).toThrow();
    expect(() => cam().open(Buffer.concat([sealed, sealed]), 'act')).toThrow();
  });

  it('is of one device, one way and known keys', () => {
    const sealed = cam().seal(full, 'act');
    expect(() => cam().open(sealed, 'res')).toThrow(/broken/);
    expect(() => new Seal('yard', 'cam-2', [current]).open(sealed, 'act')).toThrow(/broken/);
    expect(() => new Seal('field', 'cam-1', [current]).open(sealed, 'act')).toThrow(/broken/);
    expect(() => new Seal('yard', 'cam-1', [key(2)]).open(sealed, 'act')).toThrow(/broken/);
    expect(() => new Seal('yard', 'cam-1', [old]).open(sealed, 'act')).toThrow(/key 2 is not known/);
    expect(() => cam().open(full, 'act')).toThrow(/not sealed/);
  });

  it('survives a change of keys: the old one opens as long as it is there', () => {
    const before = new Seal('yard', 'cam-1', [old]);
    expect(cam().open(before.seal(full, 'act'), 'act').keyId).toBe(1);
    const answer = cam().seal(full, 'res', 1);
    expect(before.open(answer, 'res').keyId).toBe(1);
  });

  it('takes no bytes for more than they are', () => {
    for (let n = 0; n < 2000; n++) expect(() => cam().open(randomBytes(n % 97), 'act')).toThrow();
  });
});
