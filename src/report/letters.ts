/**
 * Lines of text as pictures, in the font that comes with the package: a Raspberry Pi often has none of its own, and a sheet
 * shall look the same on every machine. The font has Latin, Greek and Cyrillic; what it lacks is drawn as a box.
 */
import { fileURLToPath } from 'node:url';

/** In the package, beside `dist/` and `src/`. */
const shipped = (file: string) => fileURLToPath(new URL(`../../fonts/${file}`, import.meta.url));

/** Names of nodes come from strangers' files: no more of them is ever measured. */
const MAX_LETTERS = 200;

export interface Line {
  /** PNG on nothing, with room for ascenders and descenders whatever the text. */
  readonly picture: Buffer;
  /** What is drawn, cut off with an ellipsis where all of it would be wider than allowed. */
  readonly text: string;
  /** From the left edge to the end of the last letter. */
  readonly widthPx: number;
  /** From the upper edge to the line that letters stand on. */
  readonly baselinePx: number;
}

/**
 * @param text plain text, of anybody's making
 * @param sizePx of the font: capitals are .71 of it
 * @param colour `#rrggbb`
 * @returns undefined where there is nothing to draw
 */
export async function lineOf(
  text: string,
  sizePx: number,
  colour: string,
  maxWidthPx = Number.POSITIVE_INFINITY,
): Promise<Line | undefined> {
  const letters = lettersOf(text);
  const cut = letters.length > MAX_LETTERS;
  let kept = letters.slice(0, MAX_LETTERS);
  for (let whole = !cut; ; whole = false) {
    const shown = `${kept.join('').trim()}${whole ? '' : '…'}`;
    if (shown === '') return undefined;
    const line = await drawn(shown, sizePx, colour);
    if (line.widthPx <= maxWidthPx || kept.length === 0) return { ...line, text: shown };
    // About as many as there is room for, and at least one less.
    const room = Math.floor((kept.length * maxWidthPx) / line.widthPx);
    kept = kept.slice(0, Math.min(room, kept.length - 1));
  }
}

/** What a reader takes for letters; controls, halves of surrogates and what turns the writing round are no such thing. */
function lettersOf(text: string): string[] {
  // Enough of it even where every letter has an accent of its own.
  const clean = text
    .slice(0, 8 * MAX_LETTERS)
    .replaceAll(/\s/g, ' ')
    .replaceAll(/\p{C}/gu, '�')
    .replaceAll(/(\p{M}{2})\p{M}+/gu, '$1');
  return Array.from(new Intl.Segmenter('en').segment(clean), ({ segment }) => segment);
}

/**
 * The picture ends where the ink does, so a bar twice as high as the letters, which nobody sees, stands behind every text: it
 * makes all lines as high as one another, with their letters at the same height.
 */
async function drawn(text: string, sizePx: number, colour: string): Promise<Omit<Line, 'text'>> {
  const markup = `<span foreground="${colour}">${escaped(text)}</span><span size="200%" alpha="1">|</span>`;
  const sharp = await sharpWithFont();
  const image = sharp({ text: { ...font, text: markup, font: `Open Sans ${sizePx}` } });
  const [picture, { data, info }] = await Promise.all([
    image.clone().png().toBuffer(),
    image.clone().raw().toBuffer({ resolveWithObject: true }),
  ]);
  let widthPx = 0;
  for (let i = 0; i < info.width * info.height; i++) {
    if (data[4 * i + 3]! > 0) widthPx = Math.max(widthPx, (i % info.width) + 1);
  }
  return { picture, widthPx, baselinePx: Math.round(BAR_ASCENT * 2 * sizePx) };
}

/** How far the bar rises above the line letters stand on, in sizes of its font. */
const BAR_ASCENT = 0.76;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string) => text.replaceAll(/[&<>]/g, (c) => entities[c]!);

const font = { fontfile: shipped('OpenSans-Regular.ttf'), dpi: 72, rgba: true };

let begun: Promise<unknown> | undefined;

/**
 * Fontconfig reads the environment once, at the first text of a process. Our configuration names no folder of the system:
 * where there is none, or no folder that may hold a cache, it would complain on stderr.
 */
async function sharpWithFont() {
  const { default: sharp } = await import('sharp');
  const firstText = () => sharp({ text: { ...font, text: '|', font: 'Open Sans 8' } }).toBuffer();
  begun ??= withVariable('FONTCONFIG_FILE', shipped('fonts.conf'), firstText);
  await begun;
  return sharp;
}

async function withVariable<T>(name: string, value: string, run: () => Promise<T>): Promise<T> {
  const before = process.env[name];
  process.env[name] = value;
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}
