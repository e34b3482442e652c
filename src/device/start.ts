/** From a configuration to a running agent: reads and checks everything before a byte is sent. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { agentClientId, connectOptions, expectedAnswer, ID_BYTES, readDeviceSeal, topicOf } from '../broker/index.ts';
import { readCard } from '../data/index.ts';
import { createServingEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { openOps } from '../ops/index.ts';
import { openPlan, type Plan, readProtocol, routesOf } from '../plan/index.ts';
import { isShippedName } from '../shipped.ts';
import { runAgent } from './agent.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { type HomeAssistant, openHome } from './home-assistant/index.ts';
import { whileInTime } from './in-time.ts';
import { inputReader } from './inputs.ts';
import { openStore } from './open-store.ts';
import { checkFiles, type Outlets, openOutlets } from './outlets.ts';
import { Recorder } from './recorder.ts';
import { agentReport } from './report.ts';
import { lookAtResults } from './results/index.ts';
import { type CheckedRoute, checkRoutes, isLocal, loadRoutes, readHeads, spenderOf } from './route.ts';
import { type OpenRouting, openRouting, Stream } from './routes/index.ts';
import { checkStdout } from './sinks/index.ts';
import { mayComeAgain, openSource, untilReturned } from './sources/index.ts';
import { openSpending } from './spending.ts';
import { stateMessage } from './state-message.ts';
import { runStoredAgent } from './stored-agent.ts';
import { type AgentSummary, summaryOf } from './summary.ts';
import { drained, inSlot, type Supervised } from './updates/index.ts';
import { Uplink, type UplinkOptions } from './uplink.ts';
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
  const heads = await readHeads(config, folder, plan, planPath, protocol);
  await commit();
  const { input, preprocessing } = await pictureOf(config, folder, plan);
  const { resultsPath, images, existingResults = 'resume' } = options;
  const sourceSettings = images ? undefined : config.source;
  // Frames never come again.
  const existing = existingResults === 'resume' && !mayComeAgain(sourceSettings) ? 'add' : existingResults;
  const { planId } = plan;
  const planIds = routesOf(plan).map((route) => route.planId);
  const results =
    resultsPath === undefined
      ? undefined
      : await lookAtResults(resultsPath, {
          // Whichever plan it was done under, where plans come and go.
          planIds: supervised ? undefined : planIds,
          fsync: config.resultsFsync,
          existing,
          log,
          stop,
        });
  const inputs = inputReader(preprocessing);
  const { threads, executionProvider, engine: name } = config;
  const checked = checkRoutes(heads, preprocessing, config.expiryMs);
  const bootId = randomBytes(ID_BYTES).toString('hex');
  const stream = new Stream();
  let routing: OpenRouting | undefined;
  const heard = { watch: stream, silent: (id: string, isSilent: boolean) => routing?.silent(id, isSilent) };
  const uplink = await createUplink(
    config,
    folder,
    plan,
    checked,
    { bootId, ...(checked.length > 1 && heard) },
    options,
  );
  const { configPath } = options;
  const spends = await openSpending(config, folder, checked.map(spenderOf), { now: Date.now, log, configPath });
  const vitals = await openVitalSigns({ meter: config.meter, everyMs: 1000 * config.healthS, log });
  const ops = await openOps(config.http, folder, log);
  const kept = config.outbox && uplink ? await openStore(config.outbox, folder, planIds, results?.earlier) : undefined;
  const end = new AbortController();
  const source = await openSource(sourceSettings, images ?? config.images, folder, {
    size: preprocessing,
    strictChannels: config.channels === 'refuse',
    inFlight: config.inFlight,
    done: kept?.done ?? results?.earlier?.done,
    log,
    stop: AbortSignal.any([stop, end.signal]),
  });
  const asked = { engine: name, executionProvider, ...(threads !== undefined && { threads }) };
  const engine = await createServingEngine(asked, log);
  const startMs = performance.now();
  let recorder: Recorder;
  let outlets: Outlets;
  let home: HomeAssistant | undefined;
  try {
    const routes = await loadRoutes(checked, spends, { engine, input });
    const { routes: settings } = config;
    routing = await openRouting({ plan, routes, settings, folder, preprocessing, uplink, stream, log });
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
    const { told } = routing;
    ops.follow(agentReport({ planId, recorder, source, outlets, uplink, kept, vitals, told }));
    uplink?.start();
    routing.start();
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
      const record = recorder.record.bind(recorder);
      const shared = { deviceId, bootId, expiryMs, inFlight, inputs, routing, record };
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
      await routing.close();
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
    await Promise.all(checked.map((route) => route.mechanism.close()));
    await engine.close();
    vitals.close();
    await ops.close();
    await kept?.store.close();
  }
  const { told } = routing;
  return summaryOf({ config, plan, stopped: stop.aborted, startMs, recorder, source, uplink, outlets, kept, told });
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

/** Null where no route sends anything. */
async function createUplink(
  config: AgentConfig,
  folder: string,
  plan: Plan,
  routes: readonly CheckedRoute[],
  heard: Pick<UplinkOptions, 'bootId' | 'watch' | 'silent'>,
  options: AgentOptions,
) {
  const plans = routes
    .filter((route) => !isLocal(route))
    .map(({ plan: sent, session }) => ({ planId: sent.planId, session, expected: expectedAnswer(sent) }));
  if (plans.length === 0) return null;
  const { fleet, device, qos, timeoutMs, retries, expiryMs, healthS, inFlight } = config;
  const state = { device, planId: plan.planId, bootId: heard.bootId, update: options.supervised?.update };
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
    ...heard,
    seal,
    plans,
    unpacking: inFlight * plans.length + SPARE_ANSWERS,
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
