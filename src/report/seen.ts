/** What attackers saw at each cut, as a strip of pictures each: small enough to stand in the page. */
import { interleaved, type SheetImages } from './sheet.ts';
import type { AuditEntry, SeenPictures } from './types.ts';

/** Victims in a strip. */
const most = 6;
const GAP = 2;
const MAX_SIDE = 96;

/** One cut under one defense as it was attacked. */
interface Attacked {
  readonly results: readonly Pick<AuditEntry, 'cut' | 'defense' | 'attack' | 'ssim'>[];
  /** Of the strongest attack; undefined where none got any back. */
  readonly pictures?: SheetImages | undefined;
}

export async function seenPictures(truth: SheetImages, cells: readonly Attacked[]): Promise<SeenPictures> {
  const rows = new Map<string, SeenPictures['rows'][number]>();
  for (const { results, pictures } of cells) {
    if (!pictures || results.length === 0) continue;
    const { cut, defense, attack, ssim } = results.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a));
    rows.set(JSON.stringify([cut, defense]), { cut, defense, attack, ssim: ssim.mean, png: await strip(pictures) });
  }
  return { truth: await strip(truth), rows: [...rows.values()] };
}

/** @returns PNG, base64 */
async function strip(images: SheetImages): Promise<string> {
  const { default: sharp } = await import('sharp');
  const count = Math.min(most, images.count);
  const zoom = Math.min(1, MAX_SIDE / Math.max(images.width, images.height));
  const [width, height] = [images.width, images.height].map((n) => Math.max(1, Math.round(n * zoom))) as [
    number,
    number,
  ];
  const cells = await Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      input: await sharp(interleaved(images, i), { raw: { width: images.width, height: images.height, channels: 3 } })
        .resize(width, height, { kernel: 'linear', fit: 'fill' })
        .png()
        .toBuffer(),
      left: i * (width + GAP),
      top: 0,
    })),
  );
  const size = { width: count * (width + GAP) - GAP, height };
  const png = await sharp({ create: { ...size, channels: 4, background: '#00000000' } })
    .composite(cells)
    .png({ compressionLevel: 9 })
    .toBuffer();
  return png.toString('base64');
}
