/** The thread of `release-thread.ts`: compiles the mechanism once, and draws from a cryptographic source of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { compileMechanism, cryptographicNoise, type Layout, release } from '../privacy/mechanisms/index.ts';
import { plain, type ReleaseReply, type ReleaseRequest, tensorsOf } from './release-thread.ts';

const { spec, layout } = workerData as { readonly spec: string; readonly layout: Layout };
const mechanism = compileMechanism(spec, layout);
const source = cryptographicNoise();

parentPort!.on('message', ({ id, place, tensors }: ReleaseRequest) => {
  let reply: ReleaseReply;
  try {
    reply = { id, tensors: plain(release(mechanism, place, tensorsOf(tensors), source)) };
  } catch (error) {
    reply = { id, problem: (error as Error).message };
  }
  parentPort!.postMessage(reply, reply.tensors?.map((t) => t.data.buffer as ArrayBuffer) ?? []);
});
