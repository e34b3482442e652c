/** The thread of `inputs.ts`. */
import { workerData } from 'node:worker_threads';
import { type Pixels, type Preprocessing, preprocess } from '../data/index.ts';
import type { Tensor } from '../model/tensor.ts';
import { serve } from './thread.ts';

serve<Pixels, Tensor>(
  (pixels) => preprocess(pixels, workerData as Preprocessing),
  ({ data }) => [(data as Float32Array).buffer as ArrayBuffer],
);
