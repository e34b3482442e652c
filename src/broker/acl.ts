/** Who may say and hear what, by role: the same rules for the embedded broker, mosquitto and EMQX. */
import { birthTopic, discoveryTopic, homeAssistantId } from './home-assistant.ts';
import { consumerHealthTopic, isName } from './topics.ts';

/** `device` is one device of a fleet, `consumer` answers a fleet, `observer` watches it, `operator` also gives it plans. */
export const roles = ['device', 'consumer', 'observer', 'operator'] as const;
export type Role = (typeof roles)[number];

/** What rules are made of. */
export interface Member {
  readonly role: Role;
  readonly fleet: string;
  /** Of a device only. */
  readonly device?: string | undefined;
  /** Prefix of Home Assistant's discovery: a device may announce itself there, an observer may be Home Assistant. */
  readonly homeAssistant?: string | undefined;
}

export interface Rules {
  /** Filters of topics that may be published to. */
  readonly write: readonly string[];
  /** Filters of topics that may be heard; a shared subscription counts as what it shares. */
  readonly read: readonly string[];
}

export function rulesOf(member: Member): Rules {
  const { write, read } = rulesInFleet(member);
  const more = rulesAtHome(member);
  return { write: [...write, ...more.write], read: [...read, ...more.read] };
}

function rulesInFleet({ role, fleet, device }: Member): Rules {
  const own = (channel: string) => `cutline/v1/${fleet}/${device ?? ''}/${channel}`;
  const all = (channel: string) => `cutline/v1/${fleet}/+/${channel}`;
  const consumers = consumerHealthTopic(fleet, '+');
  const watched = [...['state', 'health', 'result', 'label', 'plan'].map(all), consumers];
  switch (role) {
    case 'device':
      return { write: ['act/+', 'state', 'health', 'result', 'label'].map(own), read: ['res', 'plan'].map(own) };
    case 'consumer':
      return { write: [all('res'), consumers], read: [all('act/+')] };
    case 'observer':
      return { write: [], read: watched };
    case 'operator':
      return { write: [all('plan')], read: watched };
    default:
      return role satisfies never;
  }
}

function rulesAtHome({ role, fleet, device, homeAssistant: prefix }: Member): Rules {
  if (prefix === undefined) return { write: [], read: [] };
  if (role === 'device') {
    return { write: [discoveryTopic(prefix, homeAssistantId(fleet, device ?? ''))], read: [birthTopic(prefix)] };
  }
  // It listens to every kind of component, whether or not it stands below a name of its sender.
  return { write: [birthTopic(prefix)], read: [birthTopic(prefix), `${prefix}/+/+/config`, `${prefix}/+/+/+/config`] };
}

export const mayPublish = (rules: Rules, topic: string): boolean =>
  !/[+#]/.test(topic) && rules.write.some((filter) => covers(filter, topic));

/** A filter is granted where every topic that it matches is. */
export function maySubscribe(rules: Rules, filter: string): boolean {
  const shared = /^\$share\/([^/]+)\/(.+)$/.exec(filter);
  if (shared && !isName(shared[1]!)) return false;
  const plain = shared ? shared[2]! : filter;
  return rules.read.some((allowed) => covers(allowed, plain));
}

/** Whether every topic that `narrow` matches is matched by `wide`. Our own filters have no `#`. */
function covers(wide: string, narrow: string): boolean {
  const [a, b] = [wide.split('/'), narrow.split('/')];
  return a.length === b.length && a.every((level, i) => (level === '+' ? b[i] !== '#' : level === b[i]));
}
