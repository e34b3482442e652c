/** The thread of `release-thread.ts`: compiles the mechanism once, and draws from a cryptographic source of its own. */
import { workerData } from 'node:worker_threads';
import { compileMechanism, cryptographicNoise, type Layout, release } from '../privacy/mechanisms/index.ts';
import { type PlainTensor, plain, type ReleaseRequest, tensorsOf } from './release-thread.ts';
import { serve } from './thread.ts';

const { spec, layout } = workerData as { readonly spec: string; readonly layout: Layout };
const mechanism = compileMechanism(spec, layout);
const source = cryptographicNoise();

serve<ReleaseRequest, readonly PlainTensor[]>(
  ({ place, tensors }) => plain(release(mechanism, place, tensorsOf(tensors), source)),
  (tensors) => tensors.map((t) => t.data.buffer as ArrayBuffer),
);
