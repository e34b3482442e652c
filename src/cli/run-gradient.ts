/** `cutline gradient`: a head's vector–Jacobian product as a file. */
import { proveGradient, vectorJacobianGraph } from '../autodiff/index.ts';
import { createEngine } from '../engine/index.ts';
import { encodeModel, foldConstants, modelSha256, resolveCut, saveModel, split } from '../model/index.ts';
import { openModel } from './open-model.ts';
import { print } from './output.ts';
import { checkOutputs } from './outputs.ts';

export interface GradientSettings {
  readonly model: string;
  readonly at: string;
  readonly out: string;
  readonly shapes: readonly string[];
  readonly inputs?: readonly string[];
  readonly json: boolean | undefined;
}

export async function runGradient(settings: GradientSettings): Promise<void> {
  await checkOutputs({ files: { '--out': settings.out }, inputs: [settings.model] });
  const engine = await createEngine();
  try {
    const { graph, cuts } = await openModel(settings.model, settings, engine);
    const cut = resolveCut(cuts, settings.at);
    const gradient = vectorJacobianGraph(await foldConstants(split(graph, cut).head, engine));
    await proveGradient(engine, gradient);
    await saveModel(gradient, settings.out);
    const result = {
      format: 'cutline.gradient/1',
      cut: cut.id,
      graph: settings.out,
      sha256: modelSha256(encodeModel(gradient)),
      inputs: gradient.inputs.map((v) => v.name),
      outputs: gradient.outputs.map((v) => v.name),
    };
    print(settings.json, result, () => `${settings.out}: ${result.inputs.join(', ')} → ${result.outputs.join(', ')}`);
  } finally {
    await engine.close();
  }
}
