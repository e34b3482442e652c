import { describe, expect, it } from 'vitest';
import { float32 } from '../../../src/model/index.ts';
import { identity, prepared } from '../../../src/privacy/attacks/prepared.ts';
import { chain } from '../../support/networks.ts';

describe('what is prepared from a graph', () => {
  it('is made once, whoever asks who has the graph', () => {
    const graph = chain({ batch: 1 });
    const made = prepared(graph, 'a', () => ({}));
    expect(prepared(graph, 'a', () => ({}))).toBe(made);
    expect(prepared(graph, 'b', () => ({}))).not.toBe(made);
  });

  it('is not to be had with an equal graph', () => {
    expect(prepared(chain({ batch: 1 }), 'a', () => ({}))).not.toBe(prepared(chain({ batch: 1 }), 'a', () => ({})));
  });

  it('is forgotten when there is too much of it, what was used last at last', () => {
    const graph = chain({ batch: 1 });
    const first = prepared(graph, 'first', () => ({}));
    const second = prepared(graph, 'second', () => ({}));
    for (let i = 0; i < 5; i++) {
      prepared(graph, `other ${i}`, () => ({}));
      expect(prepared(graph, 'first', () => ({}))).toBe(first);
    }
    expect(prepared(graph, 'second', () => ({}))).not.toBe(second);
  });

  it('is not kept where it could not be made', () => {
    const graph = chain({ batch: 1 });
    expect(() =>
      prepared(graph, 'a', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(prepared(graph, 'a', () => 1)).toBe(1);
  });

  it('tells tensors apart that have the same values', () => {
    const [a, b] = [float32([1], [1]), float32([1], [1])];
    expect(identity(a)).toBe(identity(a));
    expect(identity(a)).not.toBe(identity(b));
  });
});
