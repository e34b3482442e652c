import { describe, expect, it } from 'vitest';
import { usualPackages } from '../../../src/engine/tfjs/library.ts';

describe('the packages of TensorFlow.js', () => {
  it('are the native one, unless the environment names others', () => {
    expect(usualPackages({})).toEqual(['@tensorflow/tfjs-node']);
    expect(usualPackages({ CUTLINE_TFJS: '' })).toEqual(['@tensorflow/tfjs-node']);
    expect(usualPackages({ CUTLINE_TFJS: 'a, @b/c,' })).toEqual(['a', '@b/c']);
  });
});
