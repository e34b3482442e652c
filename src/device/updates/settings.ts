/** The `updates:` part of an agent's configuration: where new plans come from, and what they must go through. */
import { z } from 'zod';
import { isLoopback } from '../../loopback.ts';
import { isPlace } from '../../plan/index.ts';

const place = z
  .string()
  .max(2000)
  .refine(isPlace, 'expected http(s)://HOST/PATH/ without a password, a query or an encoded slash or dot in it');

export const updatesSchema = z
  .strictObject({
    /** A folder of the agent's own: plans that were pushed, and what became of them. */
    folder: z.string().min(1),
    /** Where heads are fetched, by their digests, when a push names no place. */
    from: place.optional(),
    /** Other places that a push may name, as the beginnings of addresses: a broker sends this device nowhere else. */
    alsoFrom: z.array(place).max(16).default([]),
    /** For `from` alone; only its owner may read it (mode 600): its first line is sent as `Authorization: Bearer …`. */
    tokenFile: z.string().min(1).optional(),
    /** PEM, for places with a certificate of one's own authority. */
    caFile: z.string().min(1).optional(),
    /** Fetch over http:// from other machines, too: heads are held to their digests, and everybody on the way sees them. */
    plainHttp: z.boolean().default(false),
    /** Take plans for another model than that of the configuration's plan. */
    anyModel: z.boolean().default(false),
    /** What is larger, all heads of a plan together, is not fetched. */
    maxBytes: z
      .int()
      .min(1024)
      .max(2 ** 31)
      .default(256 * 2 ** 20),
    /** A head that cannot be had is tried for again for so long, ever more rarely; then its plan has failed. */
    fetchForS: z.number().min(1).max(2_592_000).default(86_400),
    /** What is under way, and what waits in the outbox, has so long to be answered before another plan takes over. */
    drainS: z.number().min(0.1).max(3600).default(20),
    /** An agent that gives no sign of life for so long is ended. */
    hangS: z.number().min(2).max(3600).default(30),
    trial: z
      .strictObject({
        /** With so many answers a plan is confirmed. */
        answers: z.int().min(1).max(1_000_000).default(20),
        /** Or so long after the first answer, where pictures are rare. */
        forS: z.number().min(1).max(2_592_000).default(600),
        /** It has failed when, connected and with something asked, no answer comes for so long. */
        silentS: z.number().min(0.5).max(86_400).default(60),
        /** It has failed when its head is not loaded by then. */
        startS: z.number().min(1).max(3600).default(60),
      })
      .prefault({}),
  })
  .refine(({ from, tokenFile }) => tokenFile === undefined || from !== undefined, {
    path: ['tokenFile'],
    error: 'it is sent to `from` alone, which is not given',
  })
  .refine(({ from, alsoFrom, plainHttp }) => plainHttp || [from, ...alsoFrom].every(isPrivate), {
    path: ['plainHttp'],
    error: 'needed to fetch from another machine over http://; https:// is better',
  });

export type UpdatesSettings = z.output<typeof updatesSchema>;

/** Whether nobody on the way reads along. */
export const isPrivate = (url: string | undefined): boolean =>
  url === undefined || url.startsWith('https:') || isLoopback(new URL(url).hostname);
