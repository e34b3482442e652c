/** Labelled pictures in two splits. Attackers train on `train`; victims come from `test`. */

/** Pixels of n pictures: bytes 0…255, shape [n, channels, height, width]. */
export interface Pixels {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

export interface Split {
  readonly count: number;
  /** One label a picture, or undefined for an unlabelled folder. */
  readonly labels: Int32Array | undefined;
  /** Reads the pictures at these indices. Folders of pictures of mixed size are resized to the data set's size. */
  pixels(indices: readonly number[], signal?: AbortSignal): Promise<Pixels>;
}

export interface Dataset {
  /** As the user wrote it, e.g. `fashion-mnist` or `mnist:DIR`. */
  readonly name: string;
  /** SHA-256 over the content, hex. */
  readonly sha256: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: readonly string[] | undefined;
  readonly train: Split;
  readonly test: Split;
}
