/** The card of a hardened network: that of the network it was made of, and what was done to it. */
import { cardPath, readCard, writeCard } from '../data/index.ts';
import { ratesOf } from './check-harden.ts';
import type { HardenSettings, Trained } from './run-harden.ts';

/** @returns where it was written */
export async function hardenedCard(path: string, settings: HardenSettings, trained: Trained): Promise<string> {
  const { hardened, graph, preprocessing, sha256, fromSha256, dataSha256, utility } = trained;
  const { code } = hardened;
  const own = await readCard(settings.model).catch(() => undefined);
  const short = settings.data.split(':')[0]!.replaceAll(/[^\w-]+/g, '-');
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
      command: commandOf(settings, short),
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
function commandOf(settings: HardenSettings, data: string): string {
  const { adversary: a, size } = settings;
  const options = {
    at: settings.at,
    bits: ratesOf(settings).join(','),
    data: data === settings.data ? data : `${data}:DIR`,
    levels: settings.levels,
    epochs: settings.epochs,
    batch: settings.batch,
    'learning-rate': settings.learningRate,
    views: settings.views,
    width: size.width,
    blocks: size.blocks,
    adversary: a.decoder,
    ...(a.entropy > 0 && { entropy: a.entropy }),
    ...(a.correlation > 0 && { correlation: a.correlation }),
    ...(a.reidentification > 0 && { reidentification: a.reidentification }),
    ...(settings.answer && { answer: settings.answer }),
    ...(settings.pictures && { pictures: settings.pictures }),
    seed: settings.seed,
  };
  const words = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
  return `cutline harden MODEL ${words.join(' ')}${settings.labels ? ' --labels' : ''} --out DIR`;
}
