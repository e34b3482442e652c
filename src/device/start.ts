/** From a configuration to a running agent: reads and checks everything before a byte is sent. */
import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { connectOptions, createCodec, expectedActivation, expectedAnswer, ID_BYTES, topicOf } from '../broker/index.ts';
import { inputShape, type Preprocessing, readCard } from '../data/index.ts';
import { createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable } from '../files.ts';
import { modelSha256, readModel, type Tensors } from '../model/index.ts';
import { type Plan, type Protocol, readPlan, readProtocol, verifyPlan } from '../plan/index.ts';
import { isShippedName } from '../shipped.ts';
import { runAgent } from './agent.ts';
import { capCheck } from './cap.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { loadHead } from './head.ts';
import { pictureReader } from './pictures.ts';
import { type Failed, type Inference, round, type Spread, spreads } from './record.ts';
import { createDeviceMechanism, type DeviceMechanism } from './release.ts';
import { openResults, type ResultsFile } from './results.ts';
import { Session } from './session.ts';
import { imageSource } from './source.ts';
import { openSpending } from './spending.ts';
import { type RefusalKind, refusalKinds, stateMessage, Uplink } from './uplink.ts';

export interface AgentOptions {
  readonly configPath: string;
  /** In place of those of the configuration. */
  readonly images?: readonly string[] | undefined;
  /** Where to write one JSON line an inference, with the network's outputs. */
  readonly resultsPath?: string | undefined;
  readonly giveUpAfterS?: number | undefined;
  /** A line for people, about connections and resends. */
  readonly log: (line: string) => void;
  /** Finish what is under way and leave. */
  readonly stop: AbortSignal;
}

export interface AgentSummary {
  readonly format: 'cutline.agent/1';
  readonly fleet: string;
  readonly device: string;
  readonly planId: string;
  readonly cut: string;
  readonly codec: string;
  readonly defense: string;
  readonly stopped: boolean;
  readonly inferences: { readonly total: number; readonly answered: number; readonly failed: number };
  readonly seconds: number;
  readonly latencyMs: Readonly<Record<'total' | 'head' | 'encode' | 'network' | 'tail', Spread>> | null;
  readonly resends: number;
  readonly lateTwins: number;
  readonly reconnects: number;
  /** Messages on the answer topic that were no answer. */
  readonly hostile: number;
  /** The same by kind. */
  readonly refused: Readonly<Record<RefusalKind, number>>;
  /** In order of the pictures; the first 10 000, and the first that failed. */
  readonly results: readonly (Inference | Failed)[];
}

/** Late twins are unpacked beside what is waited for. */
const SPARE_ANSWERS = 4;

const MAX_RESULTS = 10_000;

/**
 * Runs an agent until its pictures end or `stop` aborts.
 * @throws CutlineError for a wrong configuration, plan or head, before anything is sent; BROKER_* when it gives up
 */
export async function startAgent(options: AgentOptions): Promise<AgentSummary> {
  const { log, stop } = options;
  const { config, folder } = await readAgentConfig(options.configPath);
  const planPath = resolve(folder, config.plan);
  const plan = await readPlan(planPath);
  for (const { name, sha256 } of plan.model.fixed ?? [])
    log(`input ${name} is fixed in the head and tail (${sha256.slice(0, 12)}…)`);
  const protocol = await readProtocol(
    isShippedName(config.protocol) ? config.protocol : resolve(folder, config.protocol),
  );
  const headBytes = await readHead(config, folder, plan, planPath, protocol);
  const { input, preprocessing } = await pictureOf(config, folder, plan);
  const pictures = pictureReader({ preprocessing, strictChannels: config.channels === 'refuse' });
  const source = await imageSource(options.images ?? config.images, pictures);
  const bootId = randomBytes(ID_BYTES).toString('hex');
  const session = new Session(config.expiryMs, expectedActivation(plan));
  const uplink = plan.tail && (await createUplink(config, folder, plan, { bootId, session }, options));
  if (options.resultsPath !== undefined) await checkWritable(options.resultsPath);
  const { threads, executionProvider, engine: name } = config;
  const mechanism = mechanismOf(plan, preprocessing);
  const checkCap = capCheck(plan, mechanism);
  const { configPath } = options;
  const spend = await openSpending(config, folder, plan, mechanism.mechanism.guarantee, {
    now: Date.now,
    log,
    configPath,
  });
  const engine = await createEngine({ engine: name, executionProvider, ...(threads !== undefined && { threads }) });
  const done: (Inference | Failed)[] = [];
  const total = { answered: 0, failed: 0 };
  const startMs = performance.now();
  let results: ResultsFile | undefined;
  try {
    results = options.resultsPath === undefined ? undefined : await openResults(options.resultsPath);
    const head = await loadHead({ plan, bytes: headBytes, engine, mechanism, inputName: input });
    const record = async (inference: Inference | Failed, outputs?: Tensors) => {
      if ('error' in inference) {
        total.failed++;
        log(`${inference.image}: ${inference.error.message}`);
      } else total.answered++;
      if (done.length < MAX_RESULTS || ('error' in inference && total.failed === 1)) done.push(inference);
      await results?.append({ ...inference, ...(outputs && { outputs: plainOutputs(outputs) }) });
    };
    uplink?.start();
    const abandon = abandonAfter(stop, config.timeoutMs, () => uplink?.abandon());
    try {
      const { device: deviceId, expiryMs, inFlight } = config;
      const codec = createCodec(plan.codec);
      const shared = { plan, deviceId, bootId, expiryMs, inFlight, head, codec, session, checkCap, spend, record };
      await runAgent({ ...shared, uplink: uplink ?? undefined }, source, stop);
    } finally {
      abandon.cancel();
      await uplink?.close().catch(() => {});
    }
    await results?.finish();
  } catch (error) {
    const kept = await results?.abandon();
    if (kept !== undefined) log(`the results until here are in ${kept}`);
    throw error;
  } finally {
    await pictures.close();
    await mechanism.close();
    await engine.close();
  }
  const { resends, lateTwins, reconnects, hostile, refused } = uplink?.counts ?? noCounts;
  return {
    format: 'cutline.agent/1',
    fleet: config.fleet,
    device: config.device,
    planId: plan.planId,
    cut: plan.cut.id,
    codec: plan.codec,
    defense: plan.defense,
    stopped: stop.aborted,
    inferences: { total: total.answered + total.failed, ...total },
    seconds: round((performance.now() - startMs) / 1000),
    latencyMs: spreads(done.flatMap((r) => ('latencyMs' in r ? [r.latencyMs] : []))),
    resends,
    lateTwins,
    reconnects,
    hostile,
    refused,
    results: done.sort((a, b) => a.index - b.index),
  };
}

const noCounts = {
  resends: 0,
  lateTwins: 0,
  reconnects: 0,
  hostile: 0,
  refused: Object.fromEntries(refusalKinds.map((kind) => [kind, 0])) as Record<RefusalKind, number>,
};

/** The bytes of the head that lies here, held against the plan. Null where the plan has none. */
async function readHead(
  config: AgentConfig,
  folder: string,
  plan: Plan,
  planPath: string,
  protocol: Protocol,
): Promise<Uint8Array | null> {
  if (!plan.head) {
    verifyPlan(plan, { protocol });
    return null;
  }
  const path = config.head === undefined ? resolve(dirname(planPath), plan.head.file) : resolve(folder, config.head);
  const bytes = await readModel(path);
  verifyPlan(plan, { headSha256: modelSha256(bytes), protocol });
  return bytes;
}

/** How pictures become the network's input: as the plan says, else by the card of the configuration. */
async function pictureOf(config: AgentConfig, folder: string, plan: Plan) {
  if (plan.picture) return plan.picture;
  if (config.card !== undefined) return readCard(resolve(folder, config.card));
  throw new CutlineError('PREPROCESSING_UNKNOWN', {
    model: plan.model.name ?? 'the model',
    card: '`card: MODEL.onnx` in the configuration, beside a model card',
    problem: 'the plan does not say it and the configuration names no card',
  });
}

/** For the shapes of one picture; a plan's tensors have a batch of one. */
function mechanismOf(plan: Plan, preprocessing: Preprocessing): DeviceMechanism {
  const activation = plan.cut.tensors.map(({ name, shape }) => ({ name, shape: shape.slice(1) }));
  return createDeviceMechanism(plan.defense, { input: inputShape(1, preprocessing).slice(1), activation });
}

async function createUplink(
  config: AgentConfig,
  folder: string,
  plan: Plan,
  { bootId, session }: { readonly bootId: string; readonly session: Session },
  options: AgentOptions,
) {
  const { fleet, device, qos, timeoutMs, retries, expiryMs, healthS, inFlight } = config;
  const state = { device, planId: plan.planId, bootId };
  const giveUpAfterS = options.giveUpAfterS ?? config.giveUpAfterS;
  const connect = await connectOptions(config.broker, folder, {
    // One device, one client: a second agent of the same name takes the place of the first.
    clientId: `cutline-agent-${fleet}-${device}`,
    will: { topic: topicOf(fleet, device, 'state'), payload: stateMessage('offline', state) },
  });
  return new Uplink({
    ...state,
    session,
    expected: expectedAnswer(plan),
    unpacking: inFlight + SPARE_ANSWERS,
    link: { connect, giveUpAfterMs: giveUpAfterS === undefined ? undefined : giveUpAfterS * 1000 },
    fleet,
    qos,
    timeoutMs,
    retries,
    expiryMs,
    healthMs: healthS * 1000,
    log: options.log,
  });
}

/** After `stop`, what is under way has this long to be answered. */
function abandonAfter(stop: AbortSignal, ms: number, abandon: () => void): { cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(abandon, ms);
  };
  stop.addEventListener('abort', start, { once: true });
  return {
    cancel() {
      stop.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}

function plainOutputs(outputs: Tensors): Record<string, { shape: readonly number[]; values: (number | string)[] }> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [
      name,
      { shape, values: Array.from(data as ArrayLike<number | bigint>, (v) => (typeof v === 'bigint' ? String(v) : v)) },
    ]),
  );
}
