/** Between what no machine falls short of and what none exceeds: beyond it a figure is a slip of the unit. */
export const bounds: Readonly<Record<string, readonly [least: number, most: number]>> = {
  ms: [0, 1e7],
  'ms/B': [0, 1],
  W: [0, 1e5],
  'W/Mbps': [0, 1e3],
  mJ: [0, 1e10],
  B: [0, 1e14],
  // A single core of a microcontroller, and a rack.
  'MAC/s': [1e3, 1e17],
  'B/s': [1e3, 1e15],
  'element/s': [1, 1e15],
  'bit/s': [1, 1e13],
  ratio: [1e-3, 1e3],
  share: [0, 1],
  '°C': [0, 200],
};
