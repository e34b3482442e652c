/**
 * Letters as strokes. The text of an SVG vanishes on a machine without fonts, and a Raspberry Pi often has none, so the
 * contact sheet draws its own. Capitals are 7 units high from y = 0, the baseline is y = 7, descenders reach 9.2.
 */

interface Glyph {
  readonly width: number;
  /** SVG path, to be stroked. */
  readonly path: string;
}

const bowlLeft = 'M3.4 4.6C3.4 3.1 2.8 2.2 1.7 2.2C.7 2.2 0 3.1 0 4.6C0 6.1 .7 7 1.7 7C2.8 7 3.4 6.1 3.4 4.6';
const bowlRight = 'M0 4.6C0 3.1 .6 2.2 1.7 2.2C2.7 2.2 3.4 3.1 3.4 4.6C3.4 6.1 2.7 7 1.7 7C.6 7 0 6.1 0 4.6';
const arch = 'M0 4C0 2.8 .8 2.2 1.7 2.2C2.7 2.2 3.2 2.8 3.2 4V7';
const ring = 'M2.4 0C1 0 0 1.3 0 3.5C0 5.7 1 7 2.4 7C3.8 7 4.8 5.7 4.8 3.5C4.8 1.3 3.8 0 2.4 0';
const pHead = 'M0 7V0H2C3.1 0 3.8 .8 3.8 1.9C3.8 3 3.1 3.8 2 3.8H0';

const table: readonly (readonly [character: string, width: number, path: string])[] = [
  [' ', 1.6, ''],
  ['!', 1, 'M.5 0V4.8M.5 6.8V7'],
  ['"', 2, 'M.2 0V2M1.8 0V2'],
  ['#', 4, 'M1.2 0L.6 7M3.4 0L2.8 7M0 2.3H4M0 4.7H4'],
  ['$', 4, 'M4 1.6C4 .8 3.2 .6 2 .6C.8 .6 0 1.2 0 2.1C0 4 4 3.1 4 5C4 5.9 3.2 6.4 2 6.4C.8 6.4 0 6.1 0 5.3M2 -.6V7.6'],
  ['%', 5, 'M5 0L0 7M1.2 0A1.2 1.5 0 1 1 1.2 3A1.2 1.5 0 1 1 1.2 0M3.8 4A1.2 1.5 0 1 1 3.8 7A1.2 1.5 0 1 1 3.8 4'],
  ['&', 4.5, 'M4.5 7L1 2.4C.3 1.3 .8 0 1.9 0C3 0 3.4 1.4 2.5 2.2L1 3.4C-.4 4.6 0 7 1.8 7C3.4 7 4.3 5.6 4.4 4'],
  ["'", 1, 'M.5 0V2'],
  ['(', 2, 'M2 -.8C-.4 2 -.4 5.6 2 8.2'],
  [')', 2, 'M0 -.8C2.4 2 2.4 5.6 0 8.2'],
  ['*', 3, 'M1.5 .4V3.6M.1 1.2L2.9 2.8M2.9 1.2L.1 2.8'],
  ['+', 4, 'M2 1.8V5.8M0 3.8H4'],
  [',', 1, 'M.6 6.6L.2 8.2'],
  ['-', 3, 'M0 4H3'],
  ['.', 1, 'M.5 6.8V7'],
  ['/', 3, 'M3 -.4L0 7.6'],
  ['0', 4, 'M2 0C.7 0 0 1.2 0 3.5C0 5.8 .7 7 2 7C3.3 7 4 5.8 4 3.5C4 1.2 3.3 0 2 0'],
  ['1', 4, 'M.6 1.4L2.2 0V7M.6 7H3.8'],
  ['2', 4, 'M.1 1.6C.3 .6 1 0 2 0C3.2 0 4 .8 4 1.9C4 3.6 1.6 4.8 0 7H4'],
  [
    '3',
    4,
    'M.2 .9C.6 .3 1.2 0 2 0C3.2 0 3.8 .7 3.8 1.7C3.8 2.7 3 3.3 1.6 3.3C3.2 3.3 4 4 4 5.1C4 6.2 3.2 7 2 7C1.1 7 .4 6.7 0 6',
  ],
  ['4', 4, 'M3 7V0L0 4.8H4'],
  ['5', 4, 'M3.7 0H.7L.3 3.2C.8 2.8 1.4 2.6 2 2.6C3.2 2.6 4 3.5 4 4.8C4 6.1 3.2 7 2 7C1.1 7 .4 6.7 0 6.1'],
  [
    '6',
    4,
    'M3.6 .7C3.2 .2 2.7 0 2.2 0C.8 0 0 1.4 0 4C0 6 .8 7 2 7C3.2 7 4 6.1 4 4.8C4 3.5 3.2 2.7 2.1 2.7C1 2.7 .2 3.4 0 4.4',
  ],
  ['7', 4, 'M0 0H4L1.4 7'],
  [
    '8',
    4,
    'M2 0C.9 0 .3 .7 .3 1.6C.3 2.6 1 3.2 2 3.2C3 3.2 3.7 2.6 3.7 1.6C3.7 .7 3.1 0 2 0M2 3.2C.8 3.2 0 4 0 5.1C0 6.2 .8 7 2 7C3.2 7 4 6.2 4 5.1C4 4 3.2 3.2 2 3.2',
  ],
  [
    '9',
    4,
    'M.4 6.3C.8 6.8 1.3 7 1.8 7C3.2 7 4 5.6 4 3C4 1 3.2 0 2 0C.8 0 0 .9 0 2.2C0 3.5 .8 4.3 1.9 4.3C3 4.3 3.8 3.6 4 2.6',
  ],
  [':', 1, 'M.5 2.4V2.6M.5 6.8V7'],
  [';', 1, 'M.5 2.4V2.6M.6 6.6L.2 8.2'],
  ['<', 4, 'M4 1.6L0 3.8L4 6'],
  ['=', 4, 'M0 2.8H4M0 4.8H4'],
  ['>', 4, 'M0 1.6L4 3.8L0 6'],
  ['?', 3.6, 'M0 1.4C.2 .5 .9 0 1.8 0C2.9 0 3.6 .7 3.6 1.7C3.6 3.2 1.8 3.2 1.8 4.8M1.8 6.8V7'],
  [
    '@',
    6,
    'M4.2 2.6V4.2C4.2 5.2 6 5.2 6 3.4C6 1.4 4.8 0 3 0C1.2 0 0 1.5 0 3.6C0 5.7 1.2 7.2 3.2 7.2C4 7.2 4.6 7 5 6.8M4.2 3.6A1.2 1.3 0 1 1 1.8 3.6A1.2 1.3 0 1 1 4.2 3.6',
  ],
  ['A', 4.4, 'M0 7L2.2 0L4.4 7M.8 4.6H3.6'],
  ['B', 4, 'M0 0V7H2.2C3.3 7 4 6.3 4 5.2C4 4.1 3.3 3.3 2.2 3.3H0M0 0H2C3 0 3.6 .7 3.6 1.65C3.6 2.6 3 3.3 2 3.3'],
  ['C', 4.4, 'M4.4 1.4C4 .5 3.3 0 2.4 0C1 0 0 1.3 0 3.5C0 5.7 1 7 2.4 7C3.3 7 4 6.5 4.4 5.6'],
  ['D', 4.4, 'M0 0V7H1.8C3.4 7 4.4 5.7 4.4 3.5C4.4 1.3 3.4 0 1.8 0Z'],
  ['E', 3.6, 'M3.6 0H0V7H3.6M0 3.4H3'],
  ['F', 3.6, 'M3.6 0H0V7M0 3.4H3'],
  ['G', 4.6, 'M4.4 1.4C4 .5 3.3 0 2.4 0C1 0 0 1.3 0 3.5C0 5.7 1 7 2.4 7C3.8 7 4.6 6 4.6 3.8H2.6'],
  ['H', 4.2, 'M0 0V7M4.2 0V7M0 3.4H4.2'],
  ['I', 1, 'M.5 0V7'],
  ['J', 3, 'M3 0V5.2C3 6.4 2.4 7 1.5 7C.7 7 .2 6.5 0 5.7'],
  ['K', 4, 'M0 0V7M4 0L0 4M1.3 2.7L4 7'],
  ['L', 3.4, 'M0 0V7H3.4'],
  ['M', 5, 'M0 7V0L2.5 5L5 0V7'],
  ['N', 4.2, 'M0 7V0L4.2 7V0'],
  ['O', 4.8, ring],
  ['P', 3.8, pHead],
  ['Q', 4.8, `${ring}M3 5.2L4.8 7.4`],
  ['R', 4, `${pHead}M2.2 3.8L4 7`],
  ['S', 4, 'M3.8 1.3C3.5 .5 2.9 0 2 0C.9 0 .2 .7 .2 1.7C.2 4 4 2.8 4 5.2C4 6.3 3.2 7 2 7C1 7 .3 6.5 0 5.6'],
  ['T', 4.2, 'M0 0H4.2M2.1 0V7'],
  ['U', 4.2, 'M0 0V4.6C0 6.2 .8 7 2.1 7C3.4 7 4.2 6.2 4.2 4.6V0'],
  ['V', 4.2, 'M0 0L2.1 7L4.2 0'],
  ['W', 6, 'M0 0L1.5 7L3 1L4.5 7L6 0'],
  ['X', 4, 'M0 0L4 7M4 0L0 7'],
  ['Y', 4, 'M0 0L2 3.4L4 0M2 3.4V7'],
  ['Z', 4, 'M0 0H4L0 7H4'],
  ['[', 1.6, 'M1.6 -.8H0V8.2H1.6'],
  ['\\', 3, 'M0 -.4L3 7.6'],
  [']', 1.6, 'M0 -.8H1.6V8.2H0'],
  ['^', 3, 'M0 2L1.5 0L3 2'],
  ['_', 4, 'M0 8H4'],
  ['`', 1.4, 'M0 0L1.4 1.4'],
  ['a', 3.4, `M3.4 2.2V7${bowlLeft}`],
  ['b', 3.4, `M0 0V7${bowlRight}`],
  ['c', 3.2, 'M3.2 3.2C2.9 2.6 2.4 2.2 1.8 2.2C.7 2.2 0 3.1 0 4.6C0 6.1 .7 7 1.8 7C2.4 7 2.9 6.6 3.2 6'],
  ['d', 3.4, `M3.4 0V7${bowlLeft}`],
  ['e', 3.4, 'M0 4.5H3.4C3.4 3 2.7 2.2 1.7 2.2C.7 2.2 0 3.1 0 4.6C0 6.1 .7 7 1.8 7C2.4 7 2.9 6.7 3.2 6.2'],
  ['f', 2.4, 'M2.4 .1C1.2 -.2 .9 .5 .9 1.4V7M0 2.4H2.2'],
  ['g', 3.4, `M3.4 2.2V7.4C3.4 8.6 2.7 9.2 1.7 9.2C1.1 9.2 .6 9 .2 8.6${bowlLeft}`],
  ['h', 3.2, `M0 0V7${arch}`],
  ['i', 1, 'M.5 2.4V7M.5 .4V.6'],
  ['j', 1.4, 'M1 2.4V7.8C1 8.8 .5 9.2 -.2 9.1M1 .4V.6'],
  ['k', 3, 'M0 0V7M2.9 2.4L0 5M1.1 4.1L3 7'],
  ['l', 1, 'M.5 0V7'],
  [
    'm',
    5,
    'M0 2.4V7M0 4C0 2.8 .6 2.2 1.3 2.2C2.1 2.2 2.5 2.8 2.5 4V7M2.5 4C2.5 2.8 3.1 2.2 3.8 2.2C4.6 2.2 5 2.8 5 4V7',
  ],
  ['n', 3.2, `M0 2.4V7${arch}`],
  ['o', 3.6, 'M1.8 2.2C.7 2.2 0 3.1 0 4.6C0 6.1 .7 7 1.8 7C2.9 7 3.6 6.1 3.6 4.6C3.6 3.1 2.9 2.2 1.8 2.2'],
  ['p', 3.4, `M0 2.4V9.2${bowlRight}`],
  ['q', 3.4, `M3.4 2.4V9.2${bowlLeft}`],
  ['r', 2.2, 'M0 2.4V7M0 4.2C0 2.9 .9 2.1 2.2 2.3'],
  ['s', 3, 'M2.9 3.1C2.6 2.5 2.2 2.2 1.5 2.2C.7 2.2 .2 2.6 .2 3.3C.2 5 3 4.2 3 5.7C3 6.5 2.4 7 1.5 7C.8 7 .2 6.7 0 6'],
  ['t', 2.2, 'M.9 .8V5.8C.9 6.7 1.3 7.1 2.2 6.9M0 2.4H2.1'],
  ['u', 3.2, 'M0 2.4V5.2C0 6.4 .5 7 1.5 7C2.4 7 3.2 6.4 3.2 5.2M3.2 2.4V7'],
  ['v', 3.4, 'M0 2.4L1.7 7L3.4 2.4'],
  ['w', 5, 'M0 2.4L1.25 7L2.5 3L3.75 7L5 2.4'],
  ['x', 3.2, 'M0 2.4L3.2 7M3.2 2.4L0 7'],
  ['y', 3.4, 'M0 2.4L1.7 7M3.4 2.4L1.5 7.8C1.2 8.8 .8 9.2 .1 9.1'],
  ['z', 3.2, 'M0 2.4H3.2L0 7H3.2'],
  ['{', 2, 'M2 -.8C.4 -.8 1.6 3.7 0 3.7C1.6 3.7 .4 8.2 2 8.2'],
  ['|', 1, 'M.5 -.8V8.2'],
  ['}', 2, 'M0 -.8C1.6 -.8 .4 3.7 2 3.7C.4 3.7 1.6 8.2 0 8.2'],
  ['~', 4, 'M0 4.4C.8 2.8 2.6 5.4 4 3.6'],
  ['…', 4, 'M.5 6.8V7M2 6.8V7M3.5 6.8V7'],
];

const glyphs = new Map<string, Glyph>(table.map(([character, width, path]) => [character, { width, path }]));
/** An empty box, for letters that are not in the table. */
const unknown: Glyph = { width: 3.6, path: 'M0 0H3.6V7H0Z' };
const GAP = 1.5;
const CAP_HEIGHT = 7;

const glyphOf = (character: string) => glyphs.get(character) ?? unknown;

/** Width in pixels of a text whose capitals are `capHeight` pixels high. */
export function textWidth(text: string, capHeight: number): number {
  const units = Array.from(text).reduce((sum, c) => sum + glyphOf(c).width + GAP, -GAP);
  return (Math.max(0, units) * capHeight) / CAP_HEIGHT;
}

/** The text cut off with an ellipsis where it would be wider than `maxWidth` pixels. */
export function fitText(text: string, capHeight: number, maxWidth: number): string {
  // Names of nodes come from strangers' files: nothing longer is ever measured.
  let kept = Array.from(text.slice(0, 200));
  if (kept.length === Array.from(text).length && textWidth(text, capHeight) <= maxWidth) return text;
  while (kept.length > 0 && textWidth(`${kept.join('')}…`, capHeight) > maxWidth) kept = kept.slice(0, -1);
  return `${kept.join('')}…`;
}

/** An SVG group that draws the text with its top left corner at (x, y). Nothing of the text itself gets into the SVG. */
export function strokedText(text: string, x: number, y: number, capHeight: number, colour: string, weight = 1): string {
  const scale = capHeight / CAP_HEIGHT;
  let at = 0;
  const paths = Array.from(text, (character) => {
    const { width, path } = glyphOf(character);
    const placed = path === '' ? '' : `<path transform="translate(${at.toFixed(2)} 0)" d="${path}"/>`;
    at += width + GAP;
    return placed;
  });
  return (
    `<g transform="translate(${x} ${y}) scale(${scale})" fill="none" stroke="${colour}" stroke-width="${weight}" ` +
    `stroke-linecap="round" stroke-linejoin="round">${paths.join('')}</g>`
  );
}
