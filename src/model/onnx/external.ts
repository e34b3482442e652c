/** Weights beside the model file. Where they lie is said by the file, so it is not believed: they must be beside it. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { TensorProto } from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import { readOnly } from '../../files.ts';
import { insideFolder, OutsideError } from '../inside.ts';

export interface Source {
  /** What messages call the model. */
  readonly path: string;
  /** Where its companions may lie; none for bytes without a file. */
  readonly folders: readonly string[];
}

/**
 * The bytes a tensor keeps in another file.
 * @param wantedBytes what its type and shape need; the range must have exactly that
 * @throws CutlineError MODEL_EXTERNAL_DATA
 */
export function readExternal(tensor: TensorProto, wantedBytes: number, source: Source): Uint8Array {
  const entries = new Map(tensor.externalData.map((e) => [e.key, e.value]));
  const location = entries.get('location') ?? '';
  const refuse = (problem: string, cause?: unknown): never => {
    const details = { path: source.path, tensor: tensor.name || '(unnamed)', location: location || '(none)', problem };
    throw new CutlineError('MODEL_EXTERNAL_DATA', details, cause === undefined ? {} : { cause });
  };
  const offset = wholeNumber(entries.get('offset') ?? '0');
  const length = wholeNumber(entries.get('length') ?? String(wantedBytes));
  if (offset === undefined || length === undefined) return refuse('offset and length must be whole numbers.');
  if (length !== wantedBytes) return refuse(`${length} bytes, but its shape needs ${wantedBytes}.`);
  if (source.folders.length === 0) return refuse('the model was given as bytes, without a folder to look in.');
  let file: number | undefined;
  try {
    const real = insideFolder(source.folders, location);
    // Opening a FIFO could wait for ever.
    if (!statSync(real).isFile()) return refuse('it is not a regular file.');
    file = openSync(real, readOnly);
    const stat = fstatSync(file);
    if (!stat.isFile()) return refuse('it is not a regular file.');
    if (offset + length > stat.size) return refuse(`it has ${stat.size} bytes, ${offset + length} are needed.`);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const n = readSync(file, bytes, at, Math.min(length - at, 1 << 28), offset + at);
      if (n === 0) return refuse('it ended while it was read.');
      at += n;
    }
    return bytes;
  } catch (error) {
    if (error instanceof CutlineError) throw error;
    if (error instanceof OutsideError) return refuse(error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    return refuse(code === 'ENOENT' ? 'no such file. Keep it beside the model.' : (code ?? message), error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function wholeNumber(text: string): number | undefined {
  const n = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return n !== undefined && Number.isSafeInteger(n) ? n : undefined;
}
