/** The `routes:` part of an agent's configuration: when it moves between the routes of a plan's safe set. */
import { z } from 'zod';

export const routesSchema = z.strictObject({
  /** False: the plan's own route always. */
  move: z.boolean().default(true),
  /** Another route has to be predicted better by this share of what the present one takes … */
  betterBy: z.number().min(0.05).max(0.9).default(0.2),
  /** … for so long. */
  steadyMs: z.int().min(0).max(600_000).default(1000),
  /** At least so long on a route; twice as long with each move of the last minute after the second. */
  dwellMs: z.int().min(0).max(600_000).default(2000),
  /** Without a broker: wait for it, or answer by the route that keeps everything on the device, where the set has one. */
  whenOffline: z.enum(['hold', 'all-device']).default('all-device'),
  /** How long a route that failed is left alone; twice as long each time, up to five minutes. */
  avoidS: z.number().min(0.1).max(300).default(5),
  /** What is sent to learn how fast the link is, while the present route sends too little to tell. */
  probe: z
    .strictObject({
      /** At most so often. */
      everyS: z.number().min(0.5).max(3600).default(2),
      /** At most so much at once, and no more than the link carries in 50 ms; 0 sends none. */
      maxBytes: z
        .int()
        .min(0)
        .max(2 ** 20)
        .default(16_384),
    })
    .prefault({}),
  /** From this temperature on what spares the device goes before what the plan asks for, until it is 5 °C cooler. */
  hotC: z.number().min(20).max(150).default(80),
  /** The same while a battery that nothing charges has no more than this share. */
  lowBattery: z.number().min(0).max(1).default(0.15),
  /** Where every move and what it was decided on are written, for `cutline routes replay`; nowhere when left out. */
  log: z.string().min(1).optional(),
  /** Of that file; then it is begun anew and the last one kept as FILE.1. */
  logMaxBytes: z
    .int()
    .min(65_536)
    .max(2 ** 30)
    .default(2 ** 20),
});
export type RoutesSettings = z.infer<typeof routesSchema>;

/** What the decision depends on. */
export const moveSchema = routesSchema.pick({
  betterBy: true,
  steadyMs: true,
  dwellMs: true,
  whenOffline: true,
  avoidS: true,
  hotC: true,
  lowBattery: true,
});
export type MoveSettings = z.infer<typeof moveSchema>;
