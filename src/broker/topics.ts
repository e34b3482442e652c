/**
 * Where messages go: `cutline/v1/<fleet>/<device>/<channel>`, and `…/act/<plan>` for activations, so that consumers of two plans never
 * see each other's devices. Five slashes at most; aedes and AWS IoT Core stop at seven.
 */
import { CutlineError } from '../errors.ts';

/** Answers, the retained state, health, what the agent's sinks tell of results, and the retained plan that a device shall run. */
export type Channel = 'res' | 'state' | 'health' | 'result' | 'plan';

const PREFIX = 'cutline/v1';
/** No slash, wildcard, `$` or control character can get into a topic this way. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** @throws CutlineError NAME_INVALID */
export function topicOf(fleet: string, device: string, channel: Channel): string {
  return `${PREFIX}/${checked('fleet', fleet)}/${checked('device', device)}/${channel}`;
}

/** Where a device sends the activations of a plan. @throws CutlineError NAME_INVALID */
export function activationTopic(fleet: string, device: string, planId: string): string {
  return `${PREFIX}/${checked('fleet', fleet)}/${checked('device', device)}/act/${checked('plan', planId)}`;
}

/** What a consumer of a plan subscribes to, shared with its group where the broker can. @throws CutlineError NAME_INVALID */
export function activationsOf(fleet: string, planId: string, group?: string): string {
  const filter = `${PREFIX}/${checked('fleet', fleet)}/+/act/${checked('plan', planId)}`;
  return group === undefined ? filter : `$share/${checked('group', group)}/${filter}`;
}

/** Whose activations of which plan a topic is for; undefined for any other topic. */
export function activationOf(topic: string, fleet: string): { device: string; planId: string } | undefined {
  const parts = topic.split('/', 7);
  const [a, b, f, device, channel, planId] = parts;
  if (parts.length !== 6 || `${a}/${b}` !== PREFIX || f !== fleet || channel !== 'act') return undefined;
  return isName(device!) && isName(planId!) ? { device: device!, planId: planId! } : undefined;
}

/** One device, one client: a second agent of the same name takes the place of the first. */
export const agentClientId = (fleet: string, device: string): string => `cutline-agent-${fleet}-${device}`;

/** What hears of new plans, beside the agent: it is there while the agent is not. */
export const updatesClientId = (fleet: string, device: string): string => `cutline-updates-${fleet}-${device}`;

function checked(kind: string, name: string): string {
  if (!isName(name)) throw new CutlineError('NAME_INVALID', { kind, name: JSON.stringify(name) });
  return name;
}
