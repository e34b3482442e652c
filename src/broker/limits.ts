/** What a receiver takes. Everything beyond is refused before memory is spent on it. */
export interface Limits {
  /** Of one MQTT payload. */
  readonly payloadBytes: number;
  readonly tensors: number;
  readonly rank: number;
  /** UTF-8 bytes of any string: names, ids, error messages. */
  readonly stringBytes: number;
  /** Of all tensors of a message together, after decoding. */
  readonly decodedBytes: number;
}

export const defaultLimits: Limits = {
  payloadBytes: 16 * 2 ** 20,
  tensors: 64,
  rank: 8,
  stringBytes: 1024,
  decodedBytes: 64 * 2 ** 20,
};
