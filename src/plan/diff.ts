/** What one plan has that another has not, in words. */
import { canonicalJson } from '../canonical.ts';
import type { Evidence } from './evidence.ts';
import type { RoutePlan } from './safe-set.ts';
import type { Plan } from './schema.ts';

export interface PlanChange {
  /** Where in plan.json. */
  readonly path: string;
  /** Null where one of the two has nothing there. */
  readonly before: unknown;
  readonly after: unknown;
  /** A sentence. */
  readonly words: string;
}

/** In the order of what matters: what runs, what was asked for, what proves it, what it costs, where it is from. */
export function planDiff(before: Plan, after: Plan): readonly PlanChange[] {
  const changes: PlanChange[] = [];
  const note = (path: string, a: unknown, b: unknown, words: string) => {
    if (canonicalJson(a ?? null) !== canonicalJson(b ?? null))
      changes.push({ path, before: a ?? null, after: b ?? null, words });
  };
  const told = (path: string, what: string, a: unknown, b: unknown) =>
    note(path, a, b, `${what}: ${shown(a)} → ${shown(b)}.`);

  note('model.sha256', before.model.sha256, after.model.sha256, 'It is for another model.');
  note('model.fixed', before.model.fixed, after.model.fixed, 'Other inputs of the model are fixed.');
  told('cut.id', 'The network is cut elsewhere', before.cut.id, after.cut.id);
  told('defense', 'Another defense', before.defense, after.defense);
  told('codec', 'Another codec', before.codec, after.codec);
  note('cut.tensors', before.cut.tensors, after.cut.tensors, 'Other tensors are sent.');
  note('head', before.head, after.head, partWords('head', 'device', before.head, after.head));
  note('tail', before.tail, after.tail, partWords('tail', 'cloud', before.tail, after.tail));
  note('picture', before.picture, after.picture, 'Pictures are made into inputs in another way.');
  for (const key of keysOf(before.thresholds, after.thresholds)) {
    const [a, b] = [before.thresholds[key], after.thresholds[key]];
    told(`thresholds.${key}`, `Asked for, ${key}`, a, b);
  }
  note('evidence', before.evidence, after.evidence, evidenceWords(before.evidence, after.evidence));
  for (const change of setChanges(before.safeSet ?? [], after.safeSet ?? [])) changes.push(change);
  const [a, b] = [before.predicted, after.predicted];
  for (const [path, what, x, y, unit] of [
    ['latencyMs.total', 'Predicted latency', a.latencyMs.total, b.latencyMs.total, 'ms'],
    ['energyMj', 'Predicted energy of the device', a.energyMj, b.energyMj, 'mJ'],
    ['wireBytes', 'Bytes of a message', a.wireBytes, b.wireBytes, 'B'],
    ['downloadBytes', 'Bytes that the device holds', a.downloadBytes, b.downloadBytes, 'B'],
  ] as const) {
    note(`predicted.${path}`, x, y, `${what}: ${amount(x, unit)} → ${amount(y, unit)}${share(x, y)}.`);
  }
  for (const kind of ['accuracy', 'agreement'] as const) {
    const words = `Measured ${kind}: ${percent(a[kind])} → ${percent(b[kind])}.`;
    note(`predicted.${kind}`, a[kind], b[kind], words);
  }
  for (const part of ['device', 'cloud', 'link'] as const)
    told(`profiles.${part}`, `Reckoned for another ${part}`, before.profiles[part], after.profiles[part]);
  note(
    'serial',
    before.serial,
    after.serial,
    `It is ${after.serial > before.serial ? 'newer' : 'older'}: serial ${before.serial} → ${after.serial}.`,
  );
  told('expires', 'It ends at another time', before.expires, after.expires);
  note(
    'signature',
    before.signature?.key,
    after.signature?.key,
    `Signed by ${before.signature?.key ?? 'nobody'} → ${after.signature?.key ?? 'nobody'}.`,
  );
  return changes;
}

/** Routes are the same where cut, defense and codec are. */
function setChanges(before: readonly RoutePlan[], after: readonly RoutePlan[]): PlanChange[] {
  const named = (routes: readonly RoutePlan[]) =>
    new Map(
      routes.map((r) => [r.cut.id === 'output' ? 'all on the device' : `${r.cut.id}, ${r.defense}, ${r.codec}`, r]),
    );
  const [old, now] = [named(before), named(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name): PlanChange[] => {
    const [a, b] = [old.get(name), now.get(name)];
    const path = `safeSet.${name}`;
    if (!a || !b) {
      const words = `Safe set: ${b ? 'a route more' : 'no longer'}: ${name}.`;
      return [{ path, before: a ?? null, after: b ?? null, words }];
    }
    // When it was made tells nothing of a route.
    return planDiff(a, b)
      .filter((c) => c.path !== 'serial')
      .map((c) => ({ ...c, path: `${path}.${c.path}`, words: `Safe set, ${name}: ${c.words}` }));
  });
}

function keysOf<T extends object>(a: T, b: T): (keyof T & string)[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof T & string)[];
}

function partWords(part: string, where: string, a: Plan['head'], b: Plan['head']): string {
  if (!a) return `The ${where} has a ${part} to run now.`;
  if (!b) return `The ${where} has nothing to run any more.`;
  return `Another ${part}: ${a.bytes} → ${b.bytes} bytes.`;
}

function evidenceWords(a: readonly Evidence[], b: readonly Evidence[]): string {
  const told = (entries: readonly Evidence[]) => {
    const [worst] = [...entries].sort((x, y) => y.ssim.high - x.ssim.high);
    if (!worst) return 'none';
    return `SSIM ${worst.ssim.mean.toFixed(3)} [${worst.ssim.low.toFixed(3)}, ${worst.ssim.high.toFixed(3)}] by protocol ${worst.protocol.name}`;
  };
  return `Evidence: ${told(a)} → ${told(b)}.`;
}

const shown = (value: unknown): string =>
  value === undefined || value === null ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
const amount = (value: number | null, unit: string): string =>
  value === null ? 'unknown' : `${Number(value.toPrecision(3))} ${unit}`;
const percent = (value: number | null): string => (value === null ? 'unknown' : `${(100 * value).toFixed(1)} %`);
const share = (a: number | null, b: number | null): string =>
  a && b !== null ? ` (${b >= a ? '+' : ''}${Math.round(100 * (b / a - 1))} %)` : '';
