/** The thread of `pictures.ts`. */
import { workerData } from 'node:worker_threads';
import type { Tensor } from '../model/tensor.ts';
import { inputOf, type PictureOptions } from './pictures.ts';
import { serve } from './thread.ts';

serve<string, Tensor>(
  (path) => inputOf(path, workerData as PictureOptions),
  ({ data }) => [(data as Float32Array).buffer as ArrayBuffer],
);
