/** `cutline config schema`: what editors complete by, and what says which variable sets which setting. */
import { consumerConfigSchema } from '../cloud/index.ts';
import { agentConfigSchema } from '../device/index.ts';
import { dashboardConfigSchema } from '../fleet/index.ts';
import { jsonSchema } from '../ops/index.ts';

export const configSchemas = {
  agent: agentConfigSchema,
  consumer: consumerConfigSchema,
  dashboard: dashboardConfigSchema,
} as const;
export type ConfigKind = keyof typeof configSchemas;

export function configSchemaOf(kind: ConfigKind): object {
  const { $schema, ...rest } = jsonSchema(configSchemas[kind]) as Record<string, unknown>;
  const title = `Configuration of a cutline ${kind}`;
  return { $schema, title, $comment: 'cutline.config-schema/1', ...rest };
}
