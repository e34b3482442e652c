import { afterAll, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { split } from '../../../src/model/index.ts';
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

it('divides itself once for a cut and a batch, as it would anew, and remembers no more than a few', async () => {
  const preprocessing = unitPreprocessing(spots({ train: 2, test: 2 }));
  const subject = await Subject.open(engine, chain({ batch: 'n' }), preprocessing);
  const cut = subject.cut('conv1');
  const two = await subject.parts(cut, 2);
  expect((await subject.parts(subject.cut('conv1'), 2)).head).toBe(two.head);
  expect((await subject.parts(cut, 3)).head.inputs[0]!.shape[0]).toBe(3);
  expect((await subject.parts(subject.cut('ReLU1'), 2)).head.outputs).not.toEqual(two.head.outputs);
  expect(two.tail).toEqual(split(await subject.whole(2), cut).tail);
  const another = await Subject.open(engine, chain({ batch: 'n' }), preprocessing);
  expect((await another.parts(another.cut('conv1'), 2)).head).not.toBe(two.head);
  for (let n = 4; n < 20; n++) await subject.parts(cut, n);
  expect((await subject.parts(cut, 2)).head).not.toBe(two.head);
});
