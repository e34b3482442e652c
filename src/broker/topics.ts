/**
 * Where messages go: `cutline/v1/<fleet>/<device>/<channel>`, and `…/act/<plan>` for activations, so that consumers of two plans never
 * see each other's devices. Five slashes at most; aedes and AWS IoT Core stop at seven.
 */
import { CutlineError } from '../errors.ts';

/**
 * Answers, the retained state, health, what the agent's sinks tell of results, what Home Assistant is told of them, and the retained
 * plan that a device shall run.
 */
export type Channel = 'res' | 'state' | 'health' | 'result' | 'label' | 'plan';

const PREFIX = 'cutline/v1';
/** Where the names of consumers stand; none that a device can have. */
const CONSUMERS = '_consumers';
/** No slash, wildcard, `$` or control character can get into a topic this way. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** @throws CutlineError NAME_INVALID */
export function topicOf(fleet: string, device: string, channel: Channel): string {
  return `${PREFIX}/${checked('fleet', fleet)}/${checked('device', device)}/${channel}`;
}

/** What a device says on a channel of its own, of every device of a fleet. @throws CutlineError NAME_INVALID */
export const channelsOf = (fleet: string, channel: Channel): string =>
  `${PREFIX}/${checked('fleet', fleet)}/+/${channel}`;

/** Whose channel a topic is; undefined for any other topic. */
export function channelOf(topic: string, fleet: string): { device: string; channel: string } | undefined {
  const parts = topic.split('/', 6);
  const [a, b, f, device, channel] = parts;
  if (parts.length !== 5 || `${a}/${b}` !== PREFIX || f !== fleet || !isName(device!)) return undefined;
  return { device: device!, channel: channel! };
}

/** Where a consumer says how it is; `+` for all of them. @throws CutlineError NAME_INVALID */
export function consumerHealthTopic(fleet: string, name: string): string {
  return `${PREFIX}/${checked('fleet', fleet)}/${CONSUMERS}/${name === '+' ? name : checked('consumer', name)}/health`;
}

/** Which consumer says how it is; undefined for any other topic. */
export function consumerOf(topic: string, fleet: string): string | undefined {
  const name = topic.split('/', 7)[4];
  return name !== undefined && isName(name) && topic === consumerHealthTopic(fleet, name) ? name : undefined;
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
