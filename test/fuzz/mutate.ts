/** The mutant of a seed and a number: the same on every machine, so that a number is enough to have it again. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { createRandom, type Random } from '../../src/random.ts';
import type { Seed } from './seeds.ts';
import { mutations } from './structure.ts';

export interface Mutant {
  /** Of which model, and what was done to it. */
  readonly what: string;
  readonly bytes: Uint8Array;
}

export function mutant(models: readonly Seed[], seed: number, number: number): Mutant {
  const random = createRandom(seed).fork(number);
  const model = models[random.int(models.length)]!;
  // Bytes seldom get past the reader: most mutants are of the other kind.
  const { what, bytes } = random.int(5) === 0 ? ofBytes(model.bytes, random) : ofStructure(model.bytes, random);
  return { what: `${model.name}: ${what}`, bytes };
}

function ofBytes(valid: Uint8Array, random: Random): Mutant {
  if (random.int(3) === 0) {
    const length = random.int(valid.length);
    return { what: `cut off after ${length} bytes`, bytes: valid.slice(0, length) };
  }
  const bytes = valid.slice();
  const count = 1 + random.int(8);
  // Half of them where no weights lie: names, types, lengths.
  const start = random.int(2) === 0 ? 0 : random.int(bytes.length);
  for (let i = 0; i < count; i++) bytes[(start + random.int(400)) % bytes.length]! ^= 1 << random.int(8);
  return { what: `${count} bits flipped after byte ${start}`, bytes };
}

function ofStructure(valid: Uint8Array, random: Random): Mutant {
  const model = fromBinary(ModelProtoSchema, valid);
  const done: string[] = [];
  const kinds = Object.keys(mutations);
  const count = random.int(3) === 0 ? 2 : 1;
  for (let tries = 0; done.length < count && tries < 50; tries++) {
    const kind = kinds[random.int(kinds.length)]!;
    const how = mutations[kind]!(model, random);
    if (how !== undefined) done.push(`${kind} (${how})`);
  }
  return { what: done.join(', '), bytes: toBinary(ModelProtoSchema, model) };
}
