/** The configuration of a dashboard, as YAML. Paths are relative to the file they stand in. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { brokerSettingsSchema, nameSchema } from '../broker/index.ts';
import { type Overrides, overlay } from '../ops/index.ts';
import { readDocument } from '../validate.ts';

export const dashboardConfigSchema = z.strictObject({
  broker: brokerSettingsSchema,
  fleet: nameSchema,
  /** `plan.json` of the plans whose evidence is shown; of others only the id. */
  plans: z.array(z.string().min(1)).max(64).default([]),
  /** Public keys (`cutline keys`), one of which must have signed each of them; none: signatures are not looked at. */
  planKeys: z.array(z.string().min(1)).max(16).default([]),
  /** The only devices that are shown; left out: all that say something, up to maxDevices. */
  devices: z.array(nameSchema).min(1).max(10_000).optional(),
  /** More are counted and left out. Those that said nothing for ten minutes give way. */
  maxDevices: z.int().min(1).max(10_000).default(1000),
  maxConsumers: z.int().min(1).max(1000).default(100),
  /** Where the page is. */
  http: z.strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:_[\]%-]+$/, 'expected a name or an address')
      .default('127.0.0.1'),
    /** 0: one that is free. */
    port: z.int().min(0).max(65_535).default(9470),
    /** Only its owner may read it (mode 600). Who looks at the page types its first line; programs send it as `Authorization: Bearer …`. */
    tokenFile: z.string().min(1),
  }),
  /** Give up after so many seconds without a broker; never when left out. */
  giveUpAfterS: z.number().positive().optional(),
});

export type DashboardConfig = z.infer<typeof dashboardConfigSchema>;

/**
 * @param overrides what counts more than the file; nothing when left out
 * @throws CutlineError FILE_NOT_FOUND, or CONFIG_INVALID with the path of each wrong or unknown key; USAGE for such a flag
 */
export async function readDashboardConfig(
  path: string,
  overrides: Overrides = { env: {}, set: [] },
): Promise<{ config: DashboardConfig; folder: string }> {
  const over = overlay(dashboardConfigSchema, path, overrides);
  const config = await readDocument(path, dashboardConfigSchema, { code: 'CONFIG_INVALID', over });
  return { config, folder: dirname(resolve(path)) };
}
