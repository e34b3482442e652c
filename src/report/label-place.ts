/** Where the label of a point stands, so that none of it is cut off at an edge of the chart. */

/** Pixels, from the upper left corner of the chart. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where labels may stand: from the corner so far. */
export type Room = Pick<Box, 'width' | 'height'>;

export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly align: 'left' | 'right';
  readonly verticalAlign: 'middle' | 'bottom' | 'top';
}

/** Between a point and its label. */
export const LABEL_GAP = 7;
/** The chart's library guesses how wide letters are; those of a reader's own font may be wider. */
const WIDEST = 1.25;

/**
 * To the right of the point; else to the left; where neither has room, below it or, at the lower edge, above, as far to the left
 * as it must. A label wider than the room begins at its left edge.
 */
export function labelPlace(point: Box, label: Pick<Box, 'width' | 'height'>, room: Room): LabelPlace {
  const wide = label.width * WIDEST;
  const [left, right] = [point.x - LABEL_GAP, point.x + point.width + LABEL_GAP];
  const beside = { y: point.y + point.height / 2, verticalAlign: 'middle' } as const;
  if (right + wide <= room.width) return { ...beside, x: right, align: 'left' };
  if (left - wide >= 0) return { ...beside, x: left, align: 'right' };
  const x = Math.max(0, room.width - wide);
  const [above, below] = [point.y - LABEL_GAP / 2, point.y + point.height + LABEL_GAP / 2];
  return below + label.height <= room.height
    ? { x, y: below, align: 'left', verticalAlign: 'top' }
    : { x, y: above, align: 'left', verticalAlign: 'bottom' };
}
