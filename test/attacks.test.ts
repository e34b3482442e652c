import { describe, expect, it } from 'vitest';
import { attackFacts, attackNames, optionsOfAttacks, ownOptions } from '../src/attacks.ts';
import { readOwnSettings } from '../src/privacy/audit/index.ts';

const none = { iterations: undefined, epochs: undefined, lambdaTv: undefined, channels: 3 };

describe('options that an attack has to itself', () => {
  it('have one owner each, and say what they are for', () => {
    const owners = attackNames.flatMap((name) => Object.keys(attackFacts(name).options ?? {}));
    expect(owners).toEqual([...new Set(owners)]);
    expect(owners.sort()).toEqual(Object.keys(ownOptions).sort());
    for (const { describe: text } of Object.values(ownOptions)) expect(text).toMatch(/\w+/);
  });

  it('come to their attack and to no other', () => {
    const shares = optionsOfAttacks({ shadows: 7, 'substitute-epochs': 3, iterations: 9 });
    expect(shares.shadow).toMatchObject({ shadows: 7 });
    expect(shares.substitute).toMatchObject({ 'substitute-epochs': 3 });
    expect(shares.rmle).toEqual({});
    expect(JSON.stringify(shares)).not.toContain('9');
  });

  it('become its settings, together with what several attacks share', async () => {
    const options = optionsOfAttacks({
      'shadow-inversion': 'rmle',
      'shadow-structure': 'paper',
      alignment: 'none',
      shadows: 2,
      'substitute-structure': 'known',
      'substitute-inversion': 'auto',
    });
    const settings = await readOwnSettings(options, { ...none, iterations: 12, epochs: 5, lambdaTv: 'auto' });
    expect(settings).toMatchObject({
      latent: { iterations: 12 },
      shadow: { inversion: 'rmle', structure: 'paper', alignment: 'none', shadows: 2, iterations: 12 },
      substitute: { structure: 'known', inversion: 'auto' },
    });
    expect(settings.shadow?.lambdaTv).toBeUndefined();
    const byDecoder = optionsOfAttacks({ 'shadow-inversion': 'decoder' });
    const { shadow } = await readOwnSettings(byDecoder, { ...none, iterations: 12, epochs: 5, lambdaTv: 0.1 });
    expect(shadow).toMatchObject({ iterations: 5, lambdaTv: 0.1 });
  });

  it('name a file that is not there', async () => {
    const options = optionsOfAttacks({ generator: '/nowhere/g.onnx' });
    await expect(readOwnSettings(options, none)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
