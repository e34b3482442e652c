/** From a configuration to a running agent: reads and checks everything before a byte is sent. */
import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import {
  agentClientId,
  connectOptions,
  createCodec,
  expectedActivation,
  expectedAnswer,
  ID_BYTES,
  readDeviceSeal,
  topicOf,
} from '../broker/index.ts';
import { inputShape, type Preprocessing, readCard } from '../data/index.ts';
import { createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { openOps } from '../ops/index.ts';
import { openPlan, type Plan, type Protocol, readProtocol, verifyPlan } from '../plan/index.ts';
import { isShippedName } from '../shipped.ts';
import { runAgent } from './agent.ts';
import { capCheck } from './cap.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { loadHead } from './head.ts';
import { type HomeAssistant, openHome } from './home-assistant/index.ts';
import { whileInTime } from './in-time.ts';
import { inputReader } from './inputs.ts';
import { openStore } from './open-store.ts';
import { checkFiles, type Outlets, openOutlets } from './outlets.ts';
import { Recorder } from './recorder.ts';
import { createDeviceMechanism, type DeviceMechanism } from './release.ts';
import { agentReport } from './report.ts';
import { lookAtResults } from './results/index.ts';
import { Session } from './session.ts';
import { checkStdout } from './sinks/index.ts';
import { mayComeAgain, openSource, untilReturned } from './sources/index.ts';
import { openSpending } from './spending.ts';
import { stateMessage } from './state-message.ts';
import { runStoredAgent } from './stored-agent.ts';
import { type AgentSummary, summaryOf } from './summary.ts';
import { drained, inSlot, type Supervised } from './updates/index.ts';
import { Uplink } from './uplink.ts';
import { openVitalSigns } from './vital-signs.ts';

export interface AgentOptions {
  readonly configPath: string;
  /** Settings in place of those of the configuration, `PATH=VALUE`. */
  readonly set?: readonly string[] | undefined;
  /** In place of those of the configuration. */
  readonly images?: readonly string[] | undefined;
  /** Where to write one JSON line an inference, with the network's outputs. */
  readonly resultsPath?: string | undefined;
  /** What to do with results that are there: go on (default), add to them doing everything again, or begin anew. */
  readonly existingResults?: 'resume' | 'add' | 'overwrite' | undefined;
  /** Standard output is for the summary, so that no sink may have it. */
  readonly isStdoutTaken?: boolean | undefined;
  readonly giveUpAfterS?: number | undefined;
  /** A line for people, about connections and resends. */
  readonly log: (line: string) => void;
  /** Finish what is under way and leave. */
  readonly stop: AbortSignal;
  /** Where a supervisor started it. */
  readonly supervised?: Supervised | undefined;
}

/** Late twins are unpacked beside what is waited for. */
const SPARE_ANSWERS = 4;

/** How soon an agent whose source waits notices that its broker is given up. */
const LOST_MS = 500;

/**
 * Runs an agent until its pictures end or `stop` aborts.
 * @throws CutlineError for a wrong configuration, plan or head, before anything is sent; BROKER_* when it gives up
 */
export async function startAgent(options: AgentOptions): Promise<AgentSummary> {
  const { log, stop, supervised } = options;
  const given = await readAgentConfig(options.configPath, { env: process.env, set: options.set ?? [] });
  const { folder } = given;
  const config = inSlot(given.config, supervised?.slot);
  checkStdout(config.sinks, options.isStdoutTaken);
  checkFiles(config.sinks, folder, options.resultsPath);
  const { plan, path: planPath, commit } = await openPlan(config, folder, Date.now, supervised?.slot.serials);
  for (const { name, sha256 } of plan.model.fixed ?? [])
    log(`input ${name} is fixed in the head and tail (${sha256.slice(0, 12)}…)`);
  const protocol = await readProtocol(
    isShippedName(config.protocol) ? config.protocol : resolve(folder, config.protocol),
  );
  const headBytes = await readHead(config, folder, plan, planPath, protocol);
  await commit();
  const { input, preprocessing } = await pictureOf(config, folder, plan);
  const { resultsPath, images, existingResults = 'resume' } = options;
  const settings = images ? undefined : config.source;
  // Frames never come again.
  const existing = existingResults === 'resume' && !mayComeAgain(settings) ? 'add' : existingResults;
  const { planId } = plan;
  const results =
    resultsPath === undefined
      ? undefined
      : await lookAtResults(resultsPath, {
          // Whichever plan it was done under, where plans come and go.
          planId: supervised ? undefined : planId,
          fsync: config.resultsFsync,
          existing,
          log,
          stop,
        });
  const inputs = inputReader(preprocessing);
  const bootId = randomBytes(ID_BYTES).toString('hex');
  const session = new Session(config.expiryMs, expectedActivation(plan));
  const uplink = plan.tail && (await createUplink(config, folder, plan, { bootId, session }, options));
  const { threads, executionProvider, engine: name } = config;
  const mechanism = mechanismOf(plan, preprocessing);
  const checkCap = capCheck(plan, mechanism);
  const { configPath } = options;
  const spend = await openSpending(config, folder, plan, mechanism.mechanism.guarantee, {
    now: Date.now,
    log,
    configPath,
  });
  const vitals = await openVitalSigns({ meter: config.meter, everyMs: 1000 * config.healthS, log });
  const ops = await openOps(config.http, folder, log);
  const kept = config.outbox && uplink ? await openStore(config.outbox, folder, planId, results?.earlier) : undefined;
  const end = new AbortController();
  const source = await openSource(settings, images ?? config.images, folder, {
    size: preprocessing,
    strictChannels: config.channels === 'refuse',
    inFlight: config.inFlight,
    done: kept?.done ?? results?.earlier?.done,
    log,
    stop: AbortSignal.any([stop, end.signal]),
  });
  const engine = await createEngine({ engine: name, executionProvider, ...(threads !== undefined && { threads }) });
  const startMs = performance.now();
  let recorder: Recorder;
  let outlets: Outlets;
  let home: HomeAssistant | undefined;
  try {
    const head = await loadHead({ plan, bytes: headBytes, engine, mechanism, inputName: input });
    outlets = await openOutlets(results, config.sinks, { ...config, folder, log, stop });
    home = await openHome(config, folder, uplink !== null, log);
    recorder = new Recorder({
      planId,
      firstIndex: results?.earlier?.nextIndex ?? 0,
      maxResults: source.isFinite ? 10_000 : 100,
      async write(line) {
        home?.offer(line);
        await outlets.write(line);
      },
      log,
      random: Math.random,
      now: Date.now,
    });
    ops.follow(agentReport({ planId, recorder, source, outlets, uplink, kept, vitals }));
    uplink?.start();
    // Before what is under way is abandoned: nobody takes it up again then.
    const delivering = drained(stop, supervised);
    supervised?.follow({ recorder, uplink, store: kept?.store });
    const abandon = abandonAfter(
      stop,
      () => supervised?.drainMs ?? config.timeoutMs,
      () => uplink?.abandon(),
    );
    const watch = setInterval(() => uplink?.lost && end.abort(), LOST_MS);
    try {
      const { device: deviceId, expiryMs, inFlight } = config;
      const codec = createCodec(plan.codec, plan.picture?.preprocessing);
      const record = recorder.record.bind(recorder);
      const shared = {
        plan,
        deviceId,
        bootId,
        expiryMs,
        inFlight,
        inputs,
        head,
        codec,
        session,
        checkCap,
        spend,
        record,
      };
      const pictures = untilReturned(recorder.following(whileInTime(source.pictures, plan)), () => end.abort());
      if (kept && uplink) {
        const stored = { ...shared, uplink, store: kept.store, firstIndex: kept.nextIndex };
        await runStoredAgent(
          { ...stored, catchUpPerS: config.outbox?.catchUpPerS },
          whileInTime(source.pictures, plan),
          delivering,
        );
      } else await runAgent({ ...shared, uplink: uplink ?? undefined }, pictures, stop);
      // A source that waits notices no broker.
      uplink?.check();
    } finally {
      clearInterval(watch);
      abandon.cancel();
      await source.close();
      await home?.close();
      await uplink?.close().catch(() => {});
      await outlets.close();
    }
  } catch (error) {
    if (results) log(`what was done until here is in ${resultsPath}; the same command goes on from it`);
    throw error;
  } finally {
    end.abort();
    await source.close();
    await inputs.close();
    await mechanism.close();
    await engine.close();
    vitals.close();
    await ops.close();
    await kept?.store.close();
  }
  return summaryOf({ config, plan, stopped: stop.aborted, startMs, recorder, source, uplink, outlets, kept });
}

/** The bytes of the head that lies here, held against the plan. Null where the plan has none. */
export async function readHead(
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
export async function pictureOf(config: AgentConfig, folder: string, plan: Plan) {
  if (plan.picture) return plan.picture;
  if (config.card !== undefined) return readCard(resolve(folder, config.card));
  throw new CutlineError('PREPROCESSING_UNKNOWN', {
    model: plan.model.name ?? 'the model',
    card: '`card: MODEL.onnx` in the configuration, beside a model card',
    problem: 'the plan does not say it and the configuration names no card',
  });
}

/** For the shapes of one picture; a plan's tensors have a batch of one. */
export function mechanismOf(plan: Plan, preprocessing: Preprocessing): DeviceMechanism {
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
  const state = { device, planId: plan.planId, bootId, update: options.supervised?.update };
  const giveUpAfterS = options.giveUpAfterS ?? config.giveUpAfterS;
  const connect = await connectOptions(config.broker, folder, {
    clientId: agentClientId(fleet, device),
    will: { topic: topicOf(fleet, device, 'state'), payload: stateMessage('offline', state) },
  });
  const { messageKeys } = config;
  const seal =
    messageKeys === undefined ? undefined : await readDeviceSeal(resolve(folder, messageKeys), fleet, device);
  return new Uplink({
    ...state,
    seal,
    session,
    expected: expectedAnswer(plan),
    unpacking: inFlight + SPARE_ANSWERS,
    link: { connect, giveUpAfterMs: giveUpAfterS === undefined ? undefined : giveUpAfterS * 1000 },
    fleet,
    qos,
    timeoutMs,
    retries,
    expiryMs,
    inFlight,
    healthMs: healthS * 1000,
    log: options.log,
  });
}

/** After `stop`, what is under way has this long to be answered. */
function abandonAfter(stop: AbortSignal, ms: () => number, abandon: () => void): { cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(abandon, ms());
  };
  stop.addEventListener('abort', start, { once: true });
  return {
    cancel() {
      stop.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}
