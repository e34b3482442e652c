import { describe, expect, it } from 'vitest';
import { keptBytes, room } from '../../../src/training/harden/room.ts';

describe('the room for pictures', () => {
  it('is reckoned with everything that is kept of one', () => {
    const map = { name: 'map', dtype: 'float32', shape: [16, 21, 10, 10] } as const;
    expect(keptBytes(40, [map], { channels: 3, height: 8, width: 8 })).toBe(40 + 4 * 2100 + 192);
  });

  it('goes first to pictures, then to looks at them', () => {
    expect(room({ count: 100, views: 4 }, 50, 500, 1)).toEqual({ count: 100, views: 4 });
    expect(room({ count: 100, views: 4 }, 50, 499, 1)).toEqual({ count: 100, views: 3 });
    expect(room({ count: 100, views: 4 }, 50, 299, 1)).toEqual({ count: 100, views: 1 });
    expect(room({ count: 100, views: 4 }, 50, 80, 1)).toEqual({ count: 80, views: 1 });
    expect(room({ count: 100, views: 4 }, 50, 10, 1)).toEqual({ count: 50, views: 1 });
  });
});
