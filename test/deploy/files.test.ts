/** What is shipped for systemd, Docker and Kubernetes is read here, and every setting in it is one that exists. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { consumerConfigSchema } from '../../src/cloud/index.ts';
import { agentConfigSchema } from '../../src/device/index.ts';
import { dashboardConfigSchema } from '../../src/fleet/index.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, 'deploy', path), 'utf8');
const documents = (path: string) =>
  parseAllDocuments(read(path)).map((document) => {
    expect(document.errors, path).toEqual([]);
    return document.toJS();
  });
const faults = (schema: z.ZodType, value: unknown) => {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`);
};
const [config, deployment, , autoscaler, policy] = documents('kubernetes/consumer.yaml');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

describe('examples of configurations', () => {
  it.each([
    ['examples/agent.yaml', agentConfigSchema],
    ['examples/consumer.yaml', consumerConfigSchema],
    ['examples/dashboard.yaml', dashboardConfigSchema],
  ])('%s has no setting that does not exist', (path, schema) => {
    expect(faults(schema, documents(path)[0])).toEqual([]);
  });
});

describe('Kubernetes', () => {
  const settings = parseAllDocuments(config.data['consumer.yaml'])[0]!.toJS();

  it('configures a consumer with settings that exist', () => {
    expect(faults(consumerConfigSchema, settings)).toEqual([]);
  });

  it('probes where the consumer listens, and lets it finish', () => {
    const ports = Object.fromEntries(
      container.ports.map((p: { name: string; containerPort: number }) => [p.name, p.containerPort]),
    );
    expect(ports.http).toBe(settings.http.port);
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((p) => container[p].httpGet);
    expect(probes.map(({ path, port }) => [path, port])).toEqual([
      ['/healthz', 'http'],
      ['/healthz', 'http'],
      ['/readyz', 'http'],
    ]);
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(settings.drainMs);
  });

  it('mounts every file that the configuration names', () => {
    const mounts: string[] = container.volumeMounts.map((m: { mountPath: string }) => m.mountPath);
    const { caFile, passwordFile } = settings.broker;
    const paths = [caFile, passwordFile, ...settings.planKeys, settings.messageKeys, settings.plan, settings.planState];
    for (const path of [...paths, settings.http.tokenFile, container.args[2]]) {
      expect(
        mounts.some((m) => path === m || path.startsWith(`${m}/`)),
        path,
      ).toBe(true);
    }
    const names = new Set(pod.volumes.map((v: { name: string }) => v.name));
    for (const { name } of [...container.volumeMounts, ...pod.initContainers[0].volumeMounts])
      expect(names).toContain(name);
    const [secret] = documents('kubernetes/secrets.example.yaml');
    const inSecret = Object.keys(secret.stringData).map((key) => `/run/secrets/cutline/${key}`);
    for (const path of [caFile, passwordFile, ...settings.planKeys, settings.messageKeys, settings.http.tokenFile]) {
      expect(inSecret).toContain(path);
    }
  });

  it('gives no rights that are not needed, and no setting by accident', () => {
    for (const one of [container, ...pod.initContainers]) {
      expect(one.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
    }
    expect(pod).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    expect(autoscaler.spec.scaleTargetRef.name).toBe(deployment.metadata.name);
    expect(policy.spec.podSelector.matchLabels).toEqual(deployment.spec.selector.matchLabels);
  });

  it('scales by a metric that a consumer tells', () => {
    const { name } = autoscaler.spec.metrics[0].pods.metric;
    expect(readFileSync(join(root, 'src/cloud/report.ts'), 'utf8')).toContain(`'${name}'`);
  });

  it('holds no secret', () => {
    for (const file of readdirSync(join(root, 'deploy/kubernetes')).filter((f) => f.endsWith('.yaml'))) {
      for (const document of documents(`kubernetes/${file}`)) {
        if (document.kind === 'Secret')
          expect(new Set(Object.values(document.stringData))).toEqual(new Set(['REPLACE']));
      }
    }
  });
});

describe('units of systemd', () => {
  it.each(['agent', 'consumer', 'dashboard'])('cutline-%s.service is one', async (name) => {
    const text = read(`systemd/cutline-${name}.service`);
    for (const line of text.split('\n')) expect(line).toMatch(/^(|#.*|\[\w+\]|[A-Za-z]+=.*)$/);
    for (const hard of ['ProtectSystem=strict', 'NoNewPrivileges=yes', 'CapabilityBoundingSet=\n', 'NotifyAccess=all'])
      expect(text).toContain(hard);
    expect(text).toContain(`cutline ${name} --config`);
    if (!existsSync('/usr/bin/systemd-analyze')) return console.warn('SKIPPED: systemd-analyze is not here');
    const folder = await mkdtemp(join(tmpdir(), 'cutline-unit-'));
    const path = join(folder, `cutline-${name}.service`);
    await writeFile(path, text.replaceAll(/^(ExecStart(?:Pre)?=)\S+/gm, '$1/bin/true'));
    const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', path]);
    expect(stderr.split('\n').filter((line) => line.includes(name))).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

describe('the Dockerfile', () => {
  const lines = read('docker/Dockerfile').split('\n');

  it('ends in an image without development, run by nobody in particular', () => {
    const last = lines.slice(lines.findLastIndex((l) => l.startsWith('FROM ')));
    expect(last.filter((l) => l.startsWith('USER '))).toEqual(['USER 10001:10001']);
    expect(last.some((l) => l.startsWith('RUN npm'))).toBe(false);
    expect(lines.some((l) => l.includes('npm ci --omit=dev --ignore-scripts'))).toBe(true);
  });

  it('copies what is there and is let through', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8');
    const copied = lines
      .filter((l) => l.startsWith('COPY ') && !l.includes('--from'))
      .flatMap((l) => l.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied.map((p) => p.replace('*', ''))) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(ignored.split('\n')).toContain(`!${path.replace('./', '')}`);
    }
  });
});
