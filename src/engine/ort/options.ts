/** How sessions of onnxruntime are made, in a worker or where they are called. */
import type { InferenceSession } from 'onnxruntime-node';
import type { SessionOptions } from '../remote/protocol.ts';

export interface OrtOptions {
  /** Threads inside one operator; default all cores. */
  readonly threads?: number;
  /** `cpu`, or what the platform's onnxruntime offers (`cuda` on linux-x64, `coreml` on macOS). Default `cpu`. */
  readonly executionProvider?: string;
  /** Idle threads wait busily: faster for long computations, a waste of battery on a device. Default false. */
  readonly spinning?: boolean;
  /** Numbers below the normal range become zero, which keeps optimisers fast. Default false: results stay bit-exact. */
  readonly flushDenormals?: boolean;
}

/** With every default filled in. */
export type OrtSettings = Required<OrtOptions>;

export function nativeOptions(
  { threads, executionProvider, spinning, flushDenormals }: OrtSettings,
  options: Pick<SessionOptions, 'optimization' | 'spinning'>,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [executionProvider],
    graphOptimizationLevel: options.optimization ?? 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: (options.spinning ?? spinning) ? '1' : '0' },
        set_denormal_as_zero: flushDenormals ? '1' : '0',
      },
    },
  };
}
