/** A head that learns too is part of what is trained: it reads the pictures themselves. */
import { raiseOpset } from '../../autodiff/index.ts';
import type { Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { compose, float32, type Graph, GraphBuilder, inferShapes } from '../../model/index.ts';
import { tables } from './network.ts';

/**
 * @param head of static batch, every shape known
 * @param network reads what the head makes, among others; its names give way where both have one
 * @throws Error where they do not meet
 * @returns the two as one, that reads uint8 pixels [batch, channels, height, width] instead
 */
export async function withHead(
  engine: Engine,
  head: Graph,
  network: Graph,
  preprocessing: Preprocessing,
): Promise<Graph> {
  const raised = raiseOpset(await inferShapes(head, engine));
  const [joint] = raised.outputs;
  if (!network.inputs.some((v) => v.name === joint!.name)) throw new Error(`nothing reads ${joint!.name}`);
  return compose(compose(seen(raised, preprocessing), raised), network, network.name, { open: true });
}

/** From bytes to the network's input: (pixel/255 − mean) / std. Its tensors bear names that no network has. */
function seen({ inputs, opsets }: Graph, { channels, height, width, layout, mean, std }: Preprocessing): Graph {
  const [input] = inputs;
  const b = new GraphBuilder(opsets);
  const named = (part: string) => `${tables.entry}.${part}`;
  const each = (part: string, of: readonly number[]) =>
    b.initializer(float32(Float32Array.from(of), [channels, 1, 1]), named(part));
  const bytes = b.input(tables.entry, 'uint8', [input!.shape[0]!, channels, height, width]);
  const floats = b.op('Cast', [bytes], { to: 1 }, named('float'));
  const scale = each(
    'scale',
    std.map((s) => 1 / (255 * s)),
  );
  const wide = b.op('Mul', [floats, scale], {}, named('scaled'));
  const offset = each(
    'offset',
    mean.map((m, c) => m / std[c]!),
  );
  const centred = b.op('Sub', [wide, offset], {}, named('centred'));
  const isLast = layout === 'NHWC';
  b.op(isLast ? 'Transpose' : 'Identity', [centred], isLast ? { perm: [0, 2, 3, 1] } : {}, input!.name);
  b.output(input!.name, 'float32', input!.shape);
  return b.build('seen');
}
