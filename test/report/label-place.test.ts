import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelPlace } from '../../src/report/label-place.ts';

const room = { width: 400, height: 328 };
const point = { x: 100, y: 100, width: 10, height: 10 };
const label = { width: 80, height: 12 };

/** The corners of a label that is drawn as wide as this. */
function corners({ x, y, align, verticalAlign }: ReturnType<typeof labelPlace>, { width, height }: typeof label) {
  const left = align === 'left' ? x : x - width;
  const top = y - { top: 0, middle: height / 2, bottom: height }[verticalAlign];
  return { left, right: left + width, top, bottom: top + height };
}

describe('the label of a point', () => {
  it('stands to the right where there is room, else to the left, else below, else above', () => {
    expect(labelPlace(point, label, room)).toEqual({ x: 117, y: 105, align: 'left', verticalAlign: 'middle' });
    const atTheRight = { ...point, x: 350 };
    expect(labelPlace(atTheRight, label, room)).toEqual({ x: 343, y: 105, align: 'right', verticalAlign: 'middle' });
    const long = { ...label, width: 300 };
    expect(labelPlace(atTheRight, long, room)).toEqual({ x: 25, y: 113.5, align: 'left', verticalAlign: 'top' });
    const low = { ...atTheRight, y: 310 };
    expect(labelPlace(low, long, room)).toEqual({ x: 25, y: 306.5, align: 'left', verticalAlign: 'bottom' });
  });

  it('is never cut off nor on its point, in letters a quarter wider than was thought', () => {
    const at = fc.record({
      x: fc.double({ min: 0, max: 390, noNaN: true }),
      y: fc.double({ min: 20, max: 318, noNaN: true }),
    });
    fc.assert(
      fc.property(at, fc.double({ min: 1, max: 320, noNaN: true }), (place, width) => {
        const here = { ...point, ...place };
        const { left, right, top, bottom } = corners(labelPlace(here, { ...label, width }, room), {
          ...label,
          width: 1.25 * width,
        });
        expect(left).toBeGreaterThanOrEqual(-1e-9);
        expect(right).toBeLessThanOrEqual(room.width + 1e-9);
        const apart = left >= here.x + 10 || right <= here.x || top >= here.y + 10 || bottom <= here.y;
        expect(apart).toBe(true);
      }),
    );
  });
});
