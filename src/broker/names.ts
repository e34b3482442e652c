/** Names of fleets, devices, groups and users, as settings have them. */
import { z } from 'zod';
import { isName } from './topics.ts';

export const nameSchema = z
  .string()
  .refine(isName, 'use 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit');
