/**
 * Envelopes that only the two ends can read and write: the body is encrypted with AES-256-GCM, what stays readable (ids, times,
 * session) is authenticated with it. Works on encoded envelopes of either form, so that nothing else need know of it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { CutlineError } from '../errors.ts';

/** One shared secret of a device and its consumers. */
export interface MessageKey {
  /** 0 … 2³²−1; tells apart what is in use at once while keys change. */
  readonly id: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Activations, or answers: what is sealed for one way cannot be sent back the other. */
export type Way = 'act' | 'res';

export const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;
/** Numbers of wire/cutline.proto. */
const BODIES = new Set([9, 10, 11]);
const SEALED = 15;
/** Fields of an envelope, with room for those of later versions. */
const MAX_FIELDS = 32;

/** The keys of one device, for both ways. Keys of AES are derived once: one for each way, so that nonces never meet. */
export class Seal {
  readonly #owner: string;
  readonly #keys = new Map<string, Buffer>();
  readonly #secrets: ReadonlyMap<number, Uint8Array>;
  readonly #first: number;

  /** @param keys the first one seals, unless another is asked for; all of them open */
  constructor(fleet: string, device: string, keys: readonly MessageKey[]) {
    const [first] = keys;
    if (!first) throw new TypeError('no key');
    this.#owner = `${fleet}/${device}`;
    this.#secrets = new Map(keys.map((k) => [k.id, k.secret]));
    this.#first = first.id;
  }

  /** @param id of the key; that of the question, for its answer */
  seal(payload: Uint8Array, way: Way, id = this.#first): Buffer {
    const { header, body } = divided(payload);
    const key = this.#key(way, id);
    // Taken away since the question came: the newest is the best guess.
    if (!key) return this.seal(payload, way);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(header);
    const named = Buffer.alloc(KEY_ID_BYTES);
    named.writeUInt32BE(id);
    const text = cipher.update(body);
    cipher.final();
    const sealed = Buffer.concat([named, nonce, text, cipher.getAuthTag()]);
    const field = new BinaryWriter().tag(SEALED, WireType.LengthDelimited).bytes(sealed).finish();
    return Buffer.concat([header, field]);
  }

  /**
   * @returns the envelope as it was before, and the key that it was sealed with
   * @throws CutlineError ENVELOPE_INVALID for what is not sealed, by an unknown key, for another device or way, or changed
   */
  open(payload: Uint8Array, way: Way): { readonly payload: Buffer; readonly keyId: number } {
    const { header, body, sealed } = divided(payload);
    if (!sealed || body.length > 0) throw refused('it is not sealed');
    if (sealed.length < KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES) throw refused('its seal is too short');
    const keyId = sealed.readUInt32BE(0);
    const key = this.#key(way, keyId);
    if (!key) throw refused(`its key ${keyId} is not known`);
    const nonce = sealed.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(header);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const text = decipher.update(sealed.subarray(KEY_ID_BYTES + NONCE_BYTES, sealed.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw refused('its seal is broken');
    }
    return { payload: Buffer.concat([header, text]), keyId };
  }

  #key(way: Way, id: number): Buffer | undefined {
    const secret = this.#secrets.get(id);
    if (!secret) return undefined;
    const name = `${way}/${id}`;
    let key = this.#keys.get(name);
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', secret, 'cutline/v1', `${this.#owner}/${way}`, 32));
      this.#keys.set(name, key);
    }
    return key;
  }
}

interface Divided {
  /** All but body and seal, in the order in which it stood. */
  readonly header: Buffer;
  readonly body: Buffer;
  readonly sealed: Buffer | undefined;
}

/** By top-level fields; nothing is unpacked. @throws CutlineError ENVELOPE_INVALID */
function divided(payload: Uint8Array): Divided {
  const [header, body]: [Uint8Array[], Uint8Array[]] = [[], []];
  let sealed: Buffer | undefined;
  try {
    const reader = new BinaryReader(payload);
    for (let n = 0; reader.pos < reader.len; n++) {
      if (n >= MAX_FIELDS) throw refused('too many fields');
      const start = reader.pos;
      const [field, type] = reader.tag();
      if (type === WireType.StartGroup || type === WireType.EndGroup) throw refused('a group');
      if (field === SEALED) {
        if (type !== WireType.LengthDelimited || sealed) throw refused('two seals, or none that can be one');
        sealed = Buffer.from(reader.bytes());
        continue;
      }
      reader.skip(type, field);
      (BODIES.has(field) ? body : header).push(payload.subarray(start, reader.pos));
    }
    if (reader.pos !== reader.len) throw refused('it ends within a field');
  } catch (error) {
    throw error instanceof CutlineError ? error : refused((error as Error).message);
  }
  return { header: Buffer.concat(header), body: Buffer.concat(body), sealed };
}

const refused = (problem: string) => new CutlineError('ENVELOPE_INVALID', { problem });
