/** The `http:` part of the configurations of agent and consumer: where metrics and health are asked for. */
import { z } from 'zod';
import { isLoopback } from '../loopback.ts';

export const httpSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:_[\]%-]+$/, 'expected a name or an address')
      .default('127.0.0.1'),
    /** 0: one that is free. */
    port: z.int().min(0).max(65_535).default(9464),
    /** Only its owner may read it (mode 600); who asks for /metrics sends its first line as `Authorization: Bearer …`. */
    tokenFile: z.string().min(1).optional(),
  })
  .refine((s) => isLoopback(s.host) || s.tokenFile !== undefined, {
    path: ['tokenFile'],
    error: 'needed, since host is reachable from outside',
  });

export type HttpSettings = z.output<typeof httpSchema>;
