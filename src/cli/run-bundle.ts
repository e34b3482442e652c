/** `cutline bundle`: what goes to the device is what was checked here. */
import { dirname, resolve } from 'node:path';
import { bundledConfig, makeBundle, type Platform } from '../bundle/index.ts';
import { readAgentConfig } from '../device/index.ts';
import { CutlineError } from '../errors.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { type Plan, readPlan, routesOf } from '../plan/index.ts';

interface BundleArguments {
  readonly platform: Platform;
  readonly plan: string;
  readonly config: string;
  readonly out: string;
}

export interface Bundle {
  readonly format: 'cutline.bundle/1';
  readonly path: string;
  readonly bytes: number;
  readonly platform: Platform;
  readonly node: string;
  readonly device: string;
  readonly planId: string;
  /** What the device needs beside it. */
  readonly secrets: readonly string[];
}

/** @throws CutlineError CONFIG_INVALID, PLAN_INVALID, HEAD_MISMATCH, FILE_*, USAGE, BUNDLE_FAILED, OUTPUT_NOT_WRITABLE */
export async function runBundle(options: BundleArguments, log: (line: string) => void): Promise<Bundle> {
  const { platform, out } = options;
  if (!/\.(tar\.gz|tgz)$/.test(out))
    throw new CutlineError('USAGE', { problem: `--out ${out}: expected FILE.tar.gz.` });
  const { config: settings } = await readAgentConfig(options.config);
  const plan = await readPlan(options.plan);
  const path = resolve(options.plan);
  const heads = await Promise.all(routesOf(plan).flatMap(({ head }) => (head ? [headBeside(path, head)] : [])));
  const config = await bundledConfig(options.config, { path, heads });
  const { bytes } = await makeBundle({ platform, config, out: resolve(out), log });
  const { secrets } = config;
  const { device } = settings;
  const node = process.versions.node;
  return { format: 'cutline.bundle/1', path: out, bytes, platform, node, device, planId: plan.planId, secrets };
}

/** @throws CutlineError FILE_*, HEAD_MISMATCH */
async function headBeside(planPath: string, { file, sha256 }: NonNullable<Plan['head']>) {
  const path = resolve(dirname(planPath), file);
  if (modelSha256(await readModel(path)) !== sha256)
    throw new CutlineError('HEAD_MISMATCH', { path, problem: 'its digest is not the one that the plan names' });
  return { path, file };
}

export function bundleText({ path, bytes, platform, node, device, planId, secrets }: Bundle): string {
  const first = `${path}: ${(bytes / 1e6).toFixed(1)} MB, agent ${device}, plan ${planId}, Node ${node} for ${platform}`;
  const then = `On the device: tar xzf ${path.split('/').at(-1)} && sudo cutline/install.sh`;
  return [first, ...secrets.map((s) => `the device needs beside it: ${s}`), then].join('\n');
}
