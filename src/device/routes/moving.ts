/**
 * Moves between the routes of a plan: looks at what is known several times a second, decides, and sends a probe where the agent's own
 * messages tell too little.
 */
import type { CutlineError } from '../../errors.ts';
import type { Plan } from '../../plan/index.ts';
import type { Delivered } from '../message.ts';
import { isLocal, type Route } from '../route.ts';
import type { Routing } from '../routing.ts';
import type { Uplink } from '../uplink.ts';
import { decide, type Move, type Position, startOn } from './choose.ts';
import type { RoutesLog } from './log.ts';
import { machineNow } from './machine.ts';
import { probeBytes } from './probe.ts';
import { Seen } from './seen.ts';
import type { RoutesSettings } from './settings.ts';
import type { Stream } from './stream.ts';
import type { Telemetry } from './telemetry.ts';
import { type Choice, choiceOf } from './terms.ts';

export interface MovingOptions {
  readonly plan: Plan;
  /** In the order of the plan. */
  readonly routes: readonly Route[];
  readonly settings: RoutesSettings;
  readonly uplink: Pick<Uplink, 'isConnected' | 'probe'>;
  readonly stream: Pick<Stream, 'speed' | 'waitedMs'>;
  /** Milliseconds of each head while nothing else runs, in the order of the routes. */
  readonly headMs: readonly number[];
  readonly file?: Pick<RoutesLog, 'tell' | 'close'> | undefined;
  readonly log: (line: string) => void;
  readonly machine?: typeof machineNow;
}

const [LOOK_MS, MACHINE_MS] = [250, 5000];
/** Of those, the last are kept for the summary. */
const KEPT_MOVES = 100;

export class Moving implements Routing {
  readonly all: readonly Route[];
  readonly #options: MovingOptions;
  readonly #choice: Choice;
  readonly #seen: Seen;
  readonly #listeners: (() => void)[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #position: Position;
  #telemetry = '';
  #machine: Pick<Telemetry, 'temperatureC' | 'battery'> = { temperatureC: null, battery: null };
  #failed = new Map<string, string>();
  #answered = new Set<string>();
  #probedMs = Number.NEGATIVE_INFINITY;
  #probes = { count: 0, bytes: 0 };
  #moved = 0;
  readonly #moves: Move[] = [];

  constructor(options: MovingOptions) {
    const { plan, routes, headMs } = options;
    this.#options = options;
    this.all = routes;
    this.#choice = choiceOf(plan);
    this.#seen = new Seen(this.#choice.routes, () => performance.now());
    for (const [i, route] of routes.entries()) this.#seen.timed(route.plan.planId, headMs[i]!);
    this.#position = startOn(plan.planId, nowMs());
  }

  start(): void {
    this.#timers.push(setInterval(() => this.look(), LOOK_MS));
    const feel = () =>
      (this.#options.machine ?? machineNow)().then(
        (machine) => {
          this.#machine = machine;
        },
        () => {},
      );
    void feel();
    this.#timers.push(setInterval(feel, MACHINE_MS));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#options.file?.close();
  }

  get current(): Route {
    const { current } = this.#position;
    return this.all.find((route) => route.plan.planId === current)!;
  }

  get counts() {
    return { moves: this.#moved, probes: this.#probes.count, probeBytes: this.#probes.bytes };
  }

  /** The first ones. */
  get moves(): readonly Move[] {
    return this.#moves;
  }

  onMove(listener: () => void): void {
    this.#listeners.push(listener);
  }

  ran(route: Route, headMs: number): void {
    this.#seen.ran(route.plan.planId, headMs);
  }

  answered(route: Route, bytes: number, delivered: Delivered): void {
    const { planId } = route.plan;
    const { stream } = this.#options;
    const waitedMs = stream.waitedMs(delivered.sentMs, bytes);
    this.#seen.answered(planId, { bytes, waitedMs, speed: stream.speed() }, delivered);
    if (this.#position.avoided[planId]) this.#answered.add(planId);
  }

  failed(route: Route, { code }: CutlineError): void {
    // Whoever ends has not failed, and without a broker no route can do better.
    if (code === 'CANCELLED' || (code === 'NO_ANSWER' && !this.#options.uplink.isConnected)) return;
    this.#failed.set(route.plan.planId, `it failed with ${code}`);
    this.look();
  }

  /** Nobody answers for a route, or somebody does again. */
  silent(planId: string, isSilent: boolean): void {
    if (isSilent) this.#failed.set(planId, 'nobody answers for it');
    else this.#answered.add(planId);
    this.look();
  }

  /** Also of what is given up when the agent is asked to stop: a head more, and it is answered. */
  refugeFrom(route: Route): Route | undefined {
    if (isLocal(route) || this.#options.settings.whenOffline === 'hold') return undefined;
    return this.all.find(isLocal);
  }

  /** Decides on what is known now. */
  look(): void {
    const { uplink, stream, settings, file, log } = this.#options;
    const speed = stream.speed();
    const telemetry = this.#seen.telemetry(speed, { ...this.#machine, isOnline: uplink.isConnected });
    const failed = Object.fromEntries(this.#failed);
    const answered = [...this.#answered];
    this.#failed = new Map();
    this.#answered = new Set();
    const before = this.#position;
    const look = { atMs: nowMs(), telemetry, failed, answered };
    const { position, move } = decide(before, look, this.#choice, settings);
    this.#position = position;
    // What changes nothing need not be decided again.
    const known = JSON.stringify(telemetry);
    const isNew = known !== this.#telemetry || JSON.stringify(position) !== JSON.stringify(before);
    if (isNew || answered.length > 0 || move) file?.tell(before, look, move);
    this.#telemetry = known;
    if (move) {
      this.#moved++;
      if (this.#moves.length < KEPT_MOVES) this.#moves.push(move);
      log(`moved to ${this.#nameOf(move.to)} from ${this.#nameOf(move.from)}: ${move.reason}`);
      for (const listener of this.#listeners) listener();
    }
    this.#probe(speed);
  }

  #probe(speed: ReturnType<Stream['speed']>): void {
    const { uplink, settings } = this.#options;
    if (!uplink.isConnected) return;
    const state = { nowMs: performance.now(), lastProbeMs: this.#probedMs, speed, routes: this.#choice.routes };
    const bytes = probeBytes(state, settings.probe);
    if (bytes === 0) return;
    this.#probedMs = state.nowMs;
    this.#probes.count++;
    this.#probes.bytes += bytes;
    // It ends with the connection.
    uplink.probe(bytes).catch(() => {});
  }

  #nameOf(planId: string): string {
    const { cut, defense, codec } = this.all.find((route) => route.plan.planId === planId)!.plan;
    return cut.id === 'output' ? 'all on the device' : `${cut.id}, ${defense}, ${codec}`;
  }
}

/** Unix time that no setting of the clock moves. */
const nowMs = (): number => Math.round(performance.timeOrigin + performance.now());
