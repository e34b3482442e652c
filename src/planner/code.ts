/** What is known of cuts that send codes: how many bits a message has, and no attack whatever can get more out of it. */
import { carriesCodes } from '../codecs.ts';
import { compileMechanism, type Mechanism } from '../privacy/mechanisms/index.ts';
import type { SentOption } from './evidence.ts';

/** For the shapes of a cut; a plan's tensors have a batch of one. */
export function mechanismAt({ cut, defense }: Pick<SentOption, 'cut' | 'defense'>): Mechanism {
  return compileMechanism(defense, {
    input: [],
    activation: cut.tensors.map(({ name, shape }) => ({ name, shape: shape.slice(1) })),
  });
}

/** Bits of a picture, a tensor at a time; undefined where what is sent is no code, or the defense makes something else of it. */
export function codeBits(option: Pick<SentOption, 'cut' | 'defense'>): readonly number[] | undefined {
  const { tensors } = option.cut;
  if (!tensors.every((t) => t.bits !== undefined)) return undefined;
  return mechanismAt(option).kept?.map((elements, i) => elements * tensors[i]!.bits!);
}

/** Bits of a message that tell of the picture, where what is sent is discrete: nobody learns more. Null where it is not. */
export function bitsCapOf(option: SentOption): number | null {
  if (option.cut.id === 'output') return 0;
  const { bitsCap } = mechanismAt(option);
  const code = carriesCodes(option.codec) ? codeBits(option) : undefined;
  const caps = [...(code ? [code.reduce((a, b) => a + b, 0)] : []), ...(bitsCap === null ? [] : [bitsCap])];
  return caps.length > 0 ? Math.min(...caps) : null;
}
