/** Where messages go: `cutline/v1/<fleet>/<device>/<channel>`. Four slashes; aedes and AWS IoT Core stop at seven or less. */
import { CutlineError } from '../errors.ts';

/** Activations, answers, the retained state, health, and what the agent's sinks tell of results. */
export type Channel = 'act' | 'res' | 'state' | 'health' | 'result';

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

/** The subscription of one consumer, shared with its group where the broker can. */
export function activationsOf(fleet: string, group?: string): string {
  const filter = `${PREFIX}/${checked('fleet', fleet)}/+/act`;
  return group === undefined ? filter : `$share/${checked('group', group)}/${filter}`;
}

/** The device a topic belongs to; undefined for anything that is not such a topic. */
export function deviceOf(topic: string, fleet: string, channel: Channel): string | undefined {
  const parts = topic.split('/', 6);
  const [a, b, f, device, c] = parts;
  if (parts.length !== 5 || `${a}/${b}` !== PREFIX || f !== fleet || c !== channel) return undefined;
  return device !== undefined && isName(device) ? device : undefined;
}

/** One device, one client: a second agent of the same name takes the place of the first. */
export const agentClientId = (fleet: string, device: string): string => `cutline-agent-${fleet}-${device}`;

function checked(kind: string, name: string): string {
  if (!isName(name)) throw new CutlineError('NAME_INVALID', { kind, name: JSON.stringify(name) });
  return name;
}
