/** rMLE with Adam: iterations per second on 10 victims, ours against PyTorch. */
import { learningRateInput } from '../../dist/autodiff/index.js';
import { scalar } from '../../dist/model/index.js';
import { adamGraph } from '../../dist/privacy/attacks/objective.js';
import { objectiveFeeds } from '../../dist/privacy/attacks/solvers/feeds.js';
import { race, takeTurns, timed } from './measure.mjs';
import { hasShared, openProblem, torchLayers } from './networks.mjs';

export const count = 10;
export const objective = { likelihood: { kind: 'squares', standardDeviation: 0 }, spatialAxes: [2, 3] };

/** λ as published; iterations of a round take about half a second. */
const cases = [
  { network: 'lenet', cut: 'conv1', tv: 0, iterations: 300 },
  { network: 'lenet', cut: 'ReLU2', tv: 1, iterations: 300 },
  { network: 'cifar10cnn', cut: 'conv11', tv: 0, iterations: 150 },
  { network: 'cifar10cnn', cut: 'ReLU22', tv: 10, iterations: 25 },
];

export async function rmle({ engine, torch, rounds, busy }) {
  const rows = [];
  for (const c of cases) {
    const problem = await openProblem(engine, c.network, c.cut, count);
    const ours = await openAdam(engine, problem, c.tv);
    const name = `${c.network} ${c.cut}`;
    if (torch) await openTorchProblem(torch, name, problem, c.tv);
    const loss = {};
    const times = await takeTurns(
      rounds,
      () => timed(async () => (loss.ours = await ours.run(c.iterations))),
      torch &&
        (async () => {
          const answer = await torch.ask({ do: 'rmle', name, iterations: c.iterations });
          loss.rival = answer.loss;
          return answer;
        }),
    );
    await ours.close();
    rows.push({
      ...race(`${name}, n=${count}`, times, {
        unit: 'it/s',
        of: (s) => c.iterations / s,
        rival: torch?.name,
        target: 1,
        busy,
        note: torch && `loss after ${c.iterations}: ${loss.ours.toPrecision(4)}, theirs ${loss.rival.toPrecision(4)}`,
      }),
    });
  }
  const notes = ['aim: 2×. The graph is built and loaded before the clock starts.'];
  if (!(await hasShared())) notes.push('random weights and pictures: the reference models are not there');
  return { title: 'rMLE with Adam', rows, notes };
}

/** @returns a session that starts from zeros at each run and answers with the mean loss of the last step */
export async function openAdam(engine, { head, observed, start }, tv) {
  const input = head.inputs[0].name;
  const { graph, step } = adamGraph(head, objective);
  const session = await engine.load(graph);
  const lambdaTv = new Float32Array(count).fill(tv);
  const fixed = objectiveFeeds({ observed, start, lambdaTv, lambdaL2: new Float32Array(count) });
  const feeds = { ...fixed, ...step.initial, [learningRateInput]: scalar(1e-2), [input]: start };
  return {
    async run(steps) {
      const results = await session.loop(feeds, { steps, carry: step.carry });
      return results['objective:value'].data.reduce((a, b) => a + b) / count;
    },
    close: () => session.close(),
  };
}

export async function openTorchProblem(torch, name, { head, pictures }, tv) {
  await torch.ask({
    do: 'rmle-open',
    name,
    layers: await torchLayers(head, torch),
    pictures: await torch.share(pictures.data),
    shape: pictures.shape,
    tv,
  });
}
