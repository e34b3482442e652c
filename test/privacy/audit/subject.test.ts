import { afterAll, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

it('is a network for any number of pictures, whatever batch the file fixes', async () => {
  for (const batch of [1, 4, 'n'] as const) {
    const subject = await Subject.open(engine, chain({ batch }), unitPreprocessing(spots({ train: 2, test: 2 })));
    for (const n of [1, 3, 4]) {
      expect((await subject.whole(n)).outputs[0]!.shape).toEqual([n, 10]);
      const { head } = await subject.parts(subject.cut('conv1'), n);
      expect(head.inputs[0]!.shape[0]).toBe(n);
    }
    expect(await subject.noAnswer(3)).toBeUndefined();
  }
});
