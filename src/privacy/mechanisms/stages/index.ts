/** Every stage there is. A new one is a file here and a line below. */
import type { StageKind } from '../stage.ts';
import { blur } from './blur.ts';
import { clip } from './clip.ts';
import { downscale } from './downscale.ts';
import { dropout } from './dropout.ts';
import { gauss } from './gauss.ts';
import { laplace } from './laplace.ts';
import { prefix } from './prefix.ts';
import { quant } from './quant.ts';
import { topk } from './topk.ts';

export const stageKinds: readonly StageKind[] = [clip, gauss, laplace, dropout, topk, prefix, quant, blur, downscale];
