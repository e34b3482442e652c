import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const bench = resolve(import.meta.dirname, '../../scripts/bench');

interface Blas {
  readonly name: string;
  readonly kernel?: string;
  readonly reference: boolean;
}
const { blasOf, examinationText } = (await import(resolve(bench, 'blas.mjs'))) as {
  blasOf(facts: { provider: string | null; openblas: object | null; built: string }): Blas;
  examinationText(torch: string, examination: object): string[];
};
const { rivalEnvironment } = (await import(resolve(bench, 'torch.mjs'))) as {
  rivalEnvironment(env: Record<string, string>): Record<string, string>;
};
const { race } = (await import(resolve(bench, 'measure.mjs'))) as {
  race(name: string, times: object, how: object): { target: { judged: string; met: boolean | null } };
};

const library = '/usr/lib/x86_64-linux-gnu';
const debian = 'BLAS_INFO=generic, BUILD_TYPE=RelWithDebInfo';

describe('the rival of the benchmarks', () => {
  it('is known by the library that multiplies its matrices', () => {
    const openblas = { kernel: 'Zen', version: '0.3.21' };
    const of = (provider: string | null, built = debian) => blasOf({ provider, openblas, built });
    expect(of(`${library}/openblas-pthread/libblas.so.3`)).toMatchObject({ name: 'OpenBLAS 0.3.21', kernel: 'Zen' });
    // OpenBLAS is in memory all the same, for LAPACK: it multiplies nothing.
    expect(of(`${library}/blas/libblas.so.3.11.0`)).toMatchObject({ name: 'the reference BLAS', reference: true });
    expect(of(`${library}/blis-pthread/libblas.so.3`)).toMatchObject({ name: 'BLIS', reference: false });
    expect(of('/opt/intel/libmkl_rt.so.2')).toMatchObject({ name: 'MKL', reference: false });
    const wheel = of('/site-packages/torch/lib/libtorch_cpu.so', 'BLAS_INFO=mkl, BUILD_TYPE=Release');
    expect(wheel).toMatchObject({ name: 'MKL (built in)', reference: false });
    expect(of(null)).toMatchObject({ name: 'an unknown BLAS', reference: false });
  });

  it('is called unfair, loudly, where it multiplies far slower, whatever its library is called', () => {
    const text = (cpuRatio: number, reference: boolean) =>
      examinationText('PyTorch', {
        blas: { name: 'x', reference },
        onednn: true,
        gemm: { ours: { wall: 1e-3, cpu: 1e-3 }, rival: { wall: cpuRatio * 1e-3, cpu: cpuRatio * 1e-3 }, cpuRatio },
        fair: !reference && cpuRatio < 6,
      }).join('\n');
    expect(text(1.3, false)).not.toContain('!!!');
    expect(text(31, true)).toContain('!!! THE RIVAL IS NOT FAIR');
    expect(text(31, true)).toContain('libopenblas0-pthread');
  });

  it('chooses kernels and threads itself', () => {
    const env = { OPENBLAS_CORETYPE: 'Prescott', OPENBLAS_L2_SIZE: '256', OMP_NUM_THREADS: '1', HOME: '/root' };
    const own = rivalEnvironment(env);
    expect(Object.keys(own).filter((name) => /^(OPENBLAS|OMP)_/.test(name))).toEqual([]);
    expect(own.HOME).toBe('/root');
  });

  it('is judged by the processor’s clock where the machine is busy', () => {
    const times = { ours: [{ wall: 4, cpu: 1 }], rival: [{ wall: 5, cpu: 5 }] };
    const how = { unit: 's', of: (s: number) => s, rival: 'x', target: 2 };
    expect(race('', times, { ...how, busy: true }).target).toEqual({ speedup: 2, judged: 'cpu', met: true });
    expect(race('', times, { ...how, busy: false }).target).toEqual({ speedup: 2, judged: 'wall', met: false });
    expect(race('', { ours: times.ours, rival: undefined }, { ...how, busy: true }).target.met).toBeNull();
  });
});
