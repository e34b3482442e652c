/** The model card `MODEL.card.yaml`: how pictures become the network's input, and where the network comes from. */
import { z } from 'zod';

export const preprocessingSchema = z
  .strictObject({
    layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
    channels: z.union([z.literal(1), z.literal(3)]),
    height: z.int().positive(),
    width: z.int().positive(),
    /** Per channel, on pixels in [0, 1]: input = (pixel − mean) / std. */
    mean: z.array(z.number()),
    std: z.array(z.number().positive()),
  })
  .refine((p) => p.mean.length === p.channels && p.std.length === p.channels, 'mean and std need one value a channel');

export type Preprocessing = z.infer<typeof preprocessingSchema>;

export const cardSchema = z.strictObject({
  format: z.literal('cutline.card/1'),
  name: z.string(),
  /** Name of the graph input that takes the picture. */
  input: z.string(),
  preprocessing: preprocessingSchema,
  labels: z.array(z.string()).optional(),
  training: z
    .strictObject({
      data: z.string(),
      dataSha256: z.string(),
      seed: z.int(),
      command: z.string(),
      epochs: z.int(),
      /** Of a classifier. */
      testAccuracy: z.number().min(0).max(1).optional(),
      testImages: z.int().optional(),
      /** Of a generator: decibels, on pictures it did not learn from. */
      validationPsnr: z.number().optional(),
    })
    .optional(),
  /** Of a network with a learned code. */
  hardened: z
    .strictObject({
      /** Of this file, so that a card of another is noticed. */
      sha256: z.string(),
      /** Of the network that it was made of. */
      from: z.string(),
      cut: z.string(),
      code: z.strictObject({ shape: z.array(z.int().positive()), levels: z.int().min(2) }),
      data: z.string(),
      dataSha256: z.string(),
      pictures: z.int(),
      epochs: z.int(),
      seed: z.int(),
      command: z.string(),
      /** Most bits first: the first channels of the code. */
      rates: z.array(
        z.strictObject({
          bits: z.int().positive(),
          channels: z.int().positive(),
          utility: z.strictObject({
            kind: z.enum(['accuracy', 'agreement', 'cosine']),
            before: z.number(),
            after: z.number(),
            images: z.int(),
          }),
        }),
      ),
    })
    .optional(),
  licence: z.string().optional(),
});

export type ModelCard = z.infer<typeof cardSchema>;
