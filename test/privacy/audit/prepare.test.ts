/** What is said before an audit begins, and that it is what happens. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { type AuditOptions, prepareAudit, runAudit, Subject } from '../../../src/privacy/audit/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1, flushDenormals: true });
afterAll(() => engine.close());

const data = spots({ train: 60, test: 20 });
const subject = await Subject.open(engine, chain({ batch: 'n' }), unitPreprocessing(data));
const named = { cuts: true, attacks: true, images: true };
const base: AuditOptions = {
  images: 3,
  seed: 1,
  attacks: ['rmle'],
  rmle: { solver: 'lbfgs', iterations: 5, lambdaTv: 0 },
  cuts: ['conv1', 'ReLU2'],
  defenses: ['none'],
  modelSha256: 'a'.repeat(64),
};

const withoutTime = ({ results }: { results: readonly object[] }) => results.map((r) => ({ ...r, seconds: 0 }));

describe('before an audit', () => {
  it('a range of time is said, and nothing that is asked for changes', async () => {
    const { options, candidates, expectedSeconds, fits } = await prepareAudit([engine], subject, data, base, {
      asked: named,
      budget: undefined,
    });
    expect(expectedSeconds.low).toBeGreaterThan(0);
    expect(expectedSeconds.high).toBeGreaterThan(expectedSeconds.low);
    expect([candidates, fits, options.note, options.leftOut]).toEqual([2, true, undefined, undefined]);
    const [prepared, plain] = [
      await runAudit([engine], subject, data, options),
      await runAudit([engine], subject, data, base),
    ];
    expect(withoutTime(prepared.audit)).toEqual(withoutTime(plain.audit));
  });

  it('slips of the pen are refused, and a network without cuts is no trouble', async () => {
    const asked = { asked: named, budget: undefined };
    const wrong = { ...base, defenses: ['none', 'fog'] };
    await expect(prepareAudit([engine], subject, data, wrong, asked)).rejects.toMatchObject({ code: 'DEFENSE_SPEC' });
    const unknown = { ...base, cuts: ['conv9'] };
    await expect(prepareAudit([engine], subject, data, unknown, asked)).rejects.toMatchObject({
      code: 'CUT_NOT_FOUND',
    });
    const none = await prepareAudit([engine], subject, data, { ...base, cuts: [] }, asked);
    expect(none).toMatchObject({ candidates: 0, expectedSeconds: { low: 0, high: 0 } });
  });

  it('what a protocol asks for is not cut short because it takes long', async () => {
    const dear = { ...base, rmle: { solver: 'lbfgs' }, images: 19, attacks: ['rmle', 'latent'] } as const;
    const long = { ...dear, latent: { training: { epochs: 1e7 } } } as const;
    const asked = { cuts: true, attacks: false, images: true };
    const noteOf = async (change: Partial<AuditOptions>) =>
      (await prepareAudit([engine], subject, data, { ...long, ...change }, { asked, budget: undefined, lazily: true }))
        .options;
    const free = await noteOf({});
    expect(free.note!.effort < 1 || free.attacks.length < 2).toBe(true);
    const held = await noteOf({ protocol: { name: 'mine', sha256: 'b'.repeat(64) } });
    expect(held.attacks).toEqual(dear.attacks);
    expect(held.note?.effort ?? 1).toBe(1);
  });

  it('what its probes have finished is not done again', async () => {
    const { options } = await prepareAudit([engine], subject, data, base, { asked: named, budget: 'all' });
    let graphs: string[] = [];
    const watched: Engine = {
      name: engine.name,
      hasFloat64: engine.hasFloat64,
      close: () => engine.close(),
      load: (graph, o) => {
        if (!(graph instanceof Uint8Array)) graphs.push(graph.name);
        return engine.load(graph, o);
      },
    };
    const objectives = async (run: AuditOptions) => {
      graphs = [];
      const { audit } = await runAudit([watched], subject, data, run);
      expect(audit.results.every((r) => r.seconds > 0)).toBe(true);
      return graphs.filter((name) => name.endsWith(':objective')).length;
    };
    expect(await objectives(base)).toBeGreaterThan(0);
    expect(await objectives(options)).toBe(0);
  });

  it('what the time does not reach is left out and said', async () => {
    const { cuts: _, ...all } = base;
    const budget = 1e-3;
    const { options, fits } = await prepareAudit([engine], subject, data, all, {
      asked: { cuts: false, attacks: true, images: true },
      budget,
    });
    expect(fits).toBe(false);
    expect(options.note).toMatchObject({ allowedSeconds: budget });
    expect(options.note!.said.length).toBeGreaterThan(0);
    const { audit } = await runAudit([engine], subject, data, options);
    expect([audit.results, audit.leakage]).toEqual([[], []]);
    const inside = subject.cuts.map((c) => c.id).filter((id) => id !== 'input' && id !== 'output');
    expect(audit.unaudited.map((u) => u.cut).sort()).toEqual(inside.sort());
    expect(new Set(audit.unaudited.map((u) => u.code))).toEqual(new Set(['AUDIT_LEFT_OUT']));
    expect(audit.budget).toEqual(options.note);
  });

  it('steps that somebody asked for stay, and the others are fewer', async () => {
    const { options } = await prepareAudit(
      [engine],
      subject,
      data,
      { ...base, attacks: ['rmle', 'hybrid'] },
      {
        asked: { ...named, attacks: false },
        budget: 1e-3,
      },
    );
    expect(options.rmle.iterations).toBe(5);
    expect(options.inverseNetwork!.epochs).toBeGreaterThan(0);
    expect(options.attacks).toEqual(['rmle']);
    expect(options.images).toBe(3);
  });
});

it('a cut that an attack has opened is spared the others, and that is said', async () => {
  const attacks = ['rmle', 'hybrid'] as const;
  const options = { ...base, attacks, rmle: { solver: 'lbfgs', lambdaTv: 0 } as const, sparing: true, cuts: ['conv1'] };
  const { audit } = await runAudit([engine], subject, data, options);
  expect(audit.results.map((r) => r.attack)).toEqual(['rmle']);
  expect(audit.skipped).toMatchObject([{ cut: 'conv1', attack: 'hybrid', code: 'ATTACK_SPARED' }]);
});
