/** Which route each picture takes, and who is told how it went there. */
import type { CutlineError } from '../errors.ts';
import type { Delivered } from './message.ts';
import type { Route } from './route.ts';

export interface Routing {
  readonly all: readonly Route[];
  /** That of a picture that starts now; what is under way on another one ends there. */
  readonly current: Route;
  /** Where a picture is answered that failed on the route: without the cloud. Undefined where it stays failed. */
  refugeFrom(route: Route): Route | undefined;
  /** @param listener called whenever another route is current */
  onMove(listener: () => void): void;
  /** @param headMs head and defence of one picture */
  ran(route: Route, headMs: number): void;
  /** @param bytes of the message that asked */
  answered(route: Route, bytes: number, delivered: Delivered): void;
  failed(route: Route, error: CutlineError): void;
}

/** A plan without a safe set. */
export const onlyRoute = (route: Route): Routing => ({
  all: [route],
  current: route,
  refugeFrom: () => undefined,
  onMove() {},
  ran() {},
  answered() {},
  failed() {},
});
