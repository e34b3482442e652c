import type { CaseGenerator } from './sketch.ts';

const gather: CaseGenerator = (s) => {
  const shape = s.shape(1, 3);
  const axis = s.int(0, shape.length - 1);
  const n = shape[axis]!;
  const indices = s.integers(s.shape(0, 2, 3), -n, n - 1);
  s.node('Gather', [s.real(shape), indices], { axis: s.bool() ? axis : axis - shape.length });
};

const gatherElements: CaseGenerator = (s) => {
  const shape = s.shape(1, 3);
  const axis = s.int(0, shape.length - 1);
  const n = shape[axis]!;
  const picked = shape.map((m, d) => (d === axis ? s.int(1, 5) : s.int(1, m)));
  s.node('GatherElements', [s.real(shape), s.integers(picked, -n, n - 1)], { axis });
};

const gatherND: CaseGenerator = (s) => {
  const shape = s.shape(2, 4, 3);
  const batch_dims = s.int(0, 1);
  const length = s.int(1, shape.length - batch_dims);
  const rows = [...shape.slice(0, batch_dims), s.int(1, 3)];
  const least = Math.min(...shape.slice(batch_dims, batch_dims + length));
  s.node('GatherND', [s.real(shape), s.integers([...rows, length], -least, least - 1)], { batch_dims });
};

/** Without a reduction no place may be written twice. */
const scatterElements =
  (reduction: 'none' | 'add'): CaseGenerator =>
  (s) => {
    s.opset = reduction === 'none' ? s.pick([11, 16]) : 16;
    const shape = s.shape(1, 3);
    const axis = s.int(0, shape.length - 1);
    const n = shape[axis]!;
    const count = s.int(1, n);
    const picked = shape.map((m, d) => (d === axis ? count : m));
    const places = s.order(n);
    const inner = picked.slice(axis + 1).reduce((a, b) => a * b, 1);
    const distinct = Array.from({ length: picked.reduce((a, b) => a * b, 1) }, (_, i) => {
      return places[Math.floor(i / inner) % count]!;
    });
    const indices = reduction === 'add' ? s.integers(picked, -n, n - 1) : s.list(distinct, picked);
    const attributes = reduction === 'none' ? { axis } : { axis, reduction };
    s.node('ScatterElements', [s.real(shape), indices, s.real(picked)], attributes);
  };

const scatterOld: CaseGenerator = (s) => {
  s.opset = 9;
  const shape = [s.int(1, 4), s.int(1, 3)];
  const rows = s.order(shape[0]!).slice(0, s.int(1, shape[0]!));
  const places = rows.flatMap((row) => new Array<number>(shape[1]!).fill(row));
  const picked = [rows.length, shape[1]!];
  s.node('Scatter', [s.real(shape), s.list(places, picked), s.real(picked)], { axis: 0 });
};

const scatterND =
  (reduction: 'none' | 'add'): CaseGenerator =>
  (s) => {
    const shape = s.shape(1, 3);
    const rows = s.order(shape[0]!).slice(0, s.int(1, shape[0]!));
    const updates = s.real([rows.length, ...shape.slice(1)]);
    const attributes = reduction === 'none' ? {} : { reduction };
    const indices = reduction === 'add' ? rows.map(() => rows[0]!) : rows;
    s.node('ScatterND', [s.real(shape), s.list(indices, [rows.length, 1]), updates], attributes);
  };

export const gatherCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Gather: [gather],
  GatherElements: [gatherElements],
  GatherND: [gatherND],
  Scatter: [scatterOld],
  ScatterElements: [scatterElements('none'), scatterElements('add')],
  ScatterND: [scatterND('none'), scatterND('add')],
};
