/** The contact sheet: truth above, what each attack saw below, one row a cut. */
import { lineOf } from './letters.ts';

/** Pictures as numbers in [0, 1], NCHW. */
export interface SheetImages {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

export interface SheetRow {
  /** E.g. the cut's id. */
  readonly label: string;
  /** Smaller lines below, e.g. attack, defense, `SSIM .76  PSNR 15.8 dB`. At most three are shown. */
  readonly details: readonly string[];
  /** As many pictures as the truth has, of its size. Drawn red where `leaks`. */
  readonly images: SheetImages;
  /** Whether this row is over the threshold. */
  readonly leaks?: boolean | undefined;
}

const MAX_COLUMNS = 12;
const MARGIN = 24;
const GAP = 6;
const LABEL_WIDTH = 210;
/** A title and three lines. */
const LABEL_HEIGHT = 70;
const TRUTH_GAP = 16;
/** Pictures smaller than this are enlarged by a whole number, pixel by pixel: reconstructions must not look smoother than they are. */
const WANTED_SIDE = 84;
const MAX_SIDE = 224;

const INK = '#1d1d1b';
const MUTED = '#6f6d66';
const LEAK = '#b3402a';
const SAFE = '#17795e';

/**
 * @param rows at most 60
 * @returns PNG
 */
export async function contactSheet(truth: SheetImages, rows: readonly SheetRow[]): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  if (rows.length > 60) throw new RangeError(`${rows.length} rows`);
  for (const { images } of rows) checkSame(truth, images);
  const columns = Math.min(truth.count, MAX_COLUMNS);
  const longest = Math.max(truth.height, truth.width);
  const zoom = longest > MAX_SIDE ? MAX_SIDE / longest : Math.max(1, Math.round(WANTED_SIDE / longest));
  const [cellWidth, cellHeight] = [Math.round(truth.width * zoom), Math.round(truth.height * zoom)];
  const rowHeight = Math.max(cellHeight, LABEL_HEIGHT) + GAP;
  const width = 2 * MARGIN + LABEL_WIDTH + columns * (cellWidth + GAP) - GAP;
  const height = 2 * MARGIN + (rows.length + 1) * rowHeight - GAP + (rows.length > 0 ? TRUTH_GAP : 0);

  const top = (row: number) => MARGIN + row * rowHeight + (row > 0 ? TRUTH_GAP : 0);
  const all: readonly SheetRow[] = [{ label: 'Truth', details: ['what the camera saw'], images: truth }, ...rows];
  const cells = [];
  for (const [r, row] of all.entries()) {
    for (let c = 0; c < columns; c++) {
      const left = MARGIN + LABEL_WIDTH + c * (cellWidth + GAP);
      const input = await sharp(interleaved(row.images, c), {
        raw: { width: truth.width, height: truth.height, channels: 3 },
      })
        .resize(cellWidth, cellHeight, { kernel: zoom >= 1 ? 'nearest' : 'linear', fit: 'fill' })
        .png()
        .toBuffer();
      cells.push({ input, left, top: top(r) });
    }
  }
  const labels = (await Promise.all(all.map((row, r) => rowLabel(row, top(r))))).flat();
  const rule =
    rows.length > 0
      ? `<path d="M${MARGIN} ${top(1) - TRUTH_GAP / 2 - GAP / 2}H${width - MARGIN}" stroke="#dddad2" stroke-width="1"/>`
      : '';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rule}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([...cells, ...labels, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** A title, and its details in lines below. */
async function rowLabel(row: SheetRow, y: number) {
  const { label, details, leaks } = row;
  const verdict = leaks === undefined ? MUTED : leaks ? LEAK : SAFE;
  const lines = [
    { text: label, sizePx: 15, colour: INK, baseline: y + 15 },
    ...details
      .slice(0, 3)
      .map((text, i) => ({ text, sizePx: 12, colour: i === 0 ? verdict : MUTED, baseline: y + 34 + i * 16 })),
  ];
  const drawn = await Promise.all(
    lines.map(async ({ text, sizePx, colour, baseline }) => {
      const line = await lineOf(text, sizePx, colour, LABEL_WIDTH - 24);
      return line && { input: line.picture, left: MARGIN, top: baseline - line.baselinePx };
    }),
  );
  return drawn.filter((line) => line !== undefined);
}

/** Bytes, RGB; what is not a number is drawn black. */
export function interleaved(images: SheetImages, index: number): Buffer {
  const area = images.height * images.width;
  const first = index * images.channels * area;
  const out = Buffer.alloc(3 * area);
  for (let c = 0; c < 3; c++) {
    const plane = first + (images.channels === 3 ? c : 0) * area;
    for (let i = 0; i < area; i++)
      out[3 * i + c] = Math.round(255 * Math.min(1, Math.max(0, images.data[plane + i]! || 0)));
  }
  return out;
}

function checkSame(a: SheetImages, b: SheetImages): void {
  const shape = (i: SheetImages) => `${i.count}×${i.channels}×${i.height}×${i.width}`;
  if (shape(a) !== shape(b)) throw new RangeError(`rows of ${shape(b)} below a truth of ${shape(a)}`);
}
