/** The card of a hardened network: that of the network it was made of, and what was done to it. */
import { basename, resolve } from 'node:path';
import { cardPath, readCard, writeCard } from '../data/index.ts';
import { ratesOf } from './check-harden.ts';
import { defaultMemoryGb } from './choices.ts';
import type { HardenSettings, Trained } from './run-harden.ts';

/** @returns where it was written */
export async function hardenedCard(path: string, settings: HardenSettings, trained: Trained): Promise<string> {
  const { hardened, graph, preprocessing, sha256, fromSha256, dataSha256, utility } = trained;
  const { code } = hardened;
  const own = await readCard(settings.model).catch(() => undefined);
  const [set] = /^(fashion-mnist|mnist|cifar-10)(?=:|$)/.exec(settings.data) ?? [];
  // Where a folder is says nothing to others.
  const short = set ?? basename(resolve(settings.data)).replaceAll(/[^\w-]+/g, '-');
  await writeCard(path, {
    format: 'cutline.card/1',
    name: graph.name,
    input: graph.inputs[0]!.name,
    preprocessing,
    ...(own?.labels && { labels: own.labels }),
    hardened: {
      sha256,
      from: fromSha256,
      cut: settings.at,
      code: { shape: [...code.shape], levels: code.levels },
      data: short,
      dataSha256,
      pictures: hardened.pictures,
      epochs: hardened.best.epoch + 1,
      seed: settings.seed,
      command: commandOf(settings, set),
      rates: code.rates.map(({ bits, channels }, i) => {
        const { kind, before, after, images } = utility[i]!;
        return { bits, channels, utility: { kind, before, after, images } };
      }),
    },
    ...(own?.licence && { licence: own.licence }),
  });
  return cardPath(path);
}

/** What was typed, but for this machine's paths. */
function commandOf(settings: HardenSettings, set: string | undefined): string {
  const { adversary: a, size } = settings;
  const options = {
    at: settings.at,
    bits: ratesOf(settings).join(','),
    data: set === settings.data ? set : [set, 'DIR'].filter(Boolean).join(':'),
    levels: settings.levels,
    ...(settings.epochs !== undefined && { epochs: settings.epochs }),
    batch: settings.batch,
    'learning-rate': settings.learningRate,
    'fine-tune': settings.fineTune,
    views: settings.views,
    width: size.width,
    blocks: size.blocks,
    ...(settings.tune !== 'tail' && { tune: settings.tune }),
    adversary: a.decoder,
    ...(a.entropy > 0 && { entropy: a.entropy }),
    ...(a.correlation > 0 && { correlation: a.correlation }),
    ...(a.reidentification > 0 && { reidentification: a.reidentification }),
    ...(settings.answer && { answer: settings.answer }),
    ...(settings.pictures && { pictures: settings.pictures }),
    ...(settings.memoryGb !== defaultMemoryGb && { 'memory-gb': settings.memoryGb }),
    ...Object.fromEntries(Object.entries(settings.preprocessing).filter(([, value]) => value !== undefined)),
    seed: settings.seed,
  };
  const repeated = (name: string, values: readonly string[]) => values.map((value) => ` --${name} ${value}`).join('');
  const words = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
  const inputs = settings.inputs.map((text) => text.replace(/=.*\//, '='));
  const fixed = repeated('shape', settings.shapes) + repeated('input', inputs);
  return `cutline harden MODEL ${words.join(' ')}${fixed}${settings.labels ? ' --labels' : ''} --out DIR`;
}
