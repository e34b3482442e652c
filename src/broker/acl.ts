/** Who may say and hear what, by role: the same rules for the embedded broker, mosquitto and EMQX. */
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
}

export interface Rules {
  /** Filters of topics that may be published to. */
  readonly write: readonly string[];
  /** Filters of topics that may be heard; a shared subscription counts as what it shares. */
  readonly read: readonly string[];
}

export function rulesOf({ role, fleet, device }: Member): Rules {
  const own = (channel: string) => `cutline/v1/${fleet}/${device ?? ''}/${channel}`;
  const all = (channel: string) => `cutline/v1/${fleet}/+/${channel}`;
  const consumers = consumerHealthTopic(fleet, '+');
  const watched = [...['state', 'health', 'result', 'plan'].map(all), consumers];
  switch (role) {
    case 'device':
      return { write: ['act/+', 'state', 'health', 'result'].map(own), read: ['res', 'plan'].map(own) };
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
