/** The `broker:` part of the configurations of agent and consumer. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { readPassword } from '../secrets.ts';
import type { ConnectOptions } from './connection.ts';
import { nameSchema } from './names.ts';
import { parseUrl } from './socket.ts';
import { readTlsFiles } from './tls-files.ts';

export const brokerSettingsSchema = z.strictObject({
  url: z.string().refine((u) => parseUrl(u) !== undefined, 'expected mqtt://HOST:PORT or mqtts://HOST:PORT'),
  /** MQTT version: auto tries 5, then 3.1.1. */
  protocol: z.enum(['auto', '5', '3.1.1']).default('auto'),
  username: z.string().min(1).max(256).optional(),
  /** Only its owner may read it (mode 600); the first line is the password. */
  passwordFile: z.string().optional(),
  /** PEM files, for mqtts. */
  caFile: z.string().optional(),
  certFile: z.string().optional(),
  keyFile: z.string().optional(),
  keepaliveS: z.int().min(1).max(3600).default(15),
  /** Largest MQTT packet; set it to the broker's limit where that cannot say so itself (MQTT 3.1.1). */
  maxPacketBytes: z
    .int()
    .min(1024)
    .max(256 * 2 ** 20 - 1)
    .default(16 * 2 ** 20),
});

/** Settings that agent and consumer share. */
export const serviceSettings = {
  broker: brokerSettingsSchema,
  fleet: nameSchema,
  /** `plan.json`; head and tail lie beside it. */
  plan: z.string().min(1),
  /** Public keys (`cutline keys`), one of which must have signed the plan; none: unsigned plans run. */
  planKeys: z.array(z.string().min(1)).max(16).default([]),
  /** Where to keep what ran last, so that no older signed plan comes back; needs planKeys. */
  planState: z.string().min(1).default('plan-state.json'),
  /**
   * MQTT quality of service of activations and answers. Delivery is end to end either way; 0 spares an acknowledgement,
   * which a broker with Nagle's algorithm on (mosquitto without `set_tcp_nodelay true`) delays by 40 ms.
   */
  qos: z.union([z.literal(0), z.literal(1)]).default(0),
  /** Give up after so many seconds without a broker; never when left out. */
  giveUpAfterS: z.number().positive().optional(),
  /** Seconds between health messages. */
  healthS: z.number().min(1).max(3600).default(30),
  threads: z.int().min(1).max(256).optional(),
  /** What onnxruntime runs the network on; where that is not there, the processor, and the log says so. */
  executionProvider: z.enum(['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'qnn', 'webgpu']).default('cpu'),
  /** What runs the network; tfjs needs the npm package `@tensorflow/tfjs-node`, and has no use for the two settings above. */
  engine: z.enum(['onnxruntime', 'tfjs']).default('onnxruntime'),
};

export type BrokerSettings = z.infer<typeof brokerSettingsSchema>;

/**
 * Settings as connect options; files are read relative to `folder`.
 * @throws CutlineError FILE_*, LINK_BROKEN, SECRET_EXPOSED, CONFIG_INVALID
 */
export async function connectOptions(
  settings: BrokerSettings,
  folder: string,
  rest: Pick<ConnectOptions, 'clientId' | 'will'>,
): Promise<ConnectOptions> {
  const at = (path: string) => resolve(folder, path);
  const { passwordFile, caFile, certFile, keyFile } = settings;
  const fresh = async () => ({
    password: passwordFile === undefined ? undefined : await readPassword(at(passwordFile)),
    tls: await readTlsFiles({
      ...(caFile !== undefined && { ca: at(caFile) }),
      ...(certFile !== undefined && { cert: at(certFile) }),
      ...(keyFile !== undefined && { key: at(keyFile) }),
    }),
  });
  const versions = { auto: 'auto', '5': 5, '3.1.1': 4 } as const;
  return {
    url: settings.url,
    protocol: versions[settings.protocol],
    username: settings.username,
    ...(await fresh()),
    fresh,
    keepaliveS: settings.keepaliveS,
    connectTimeoutMs: 10_000,
    maxPacketBytes: settings.maxPacketBytes,
    ...rest,
  };
}
