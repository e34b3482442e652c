/** What every command takes that opens a model. */

const list = { type: 'string', array: true, nargs: 1, default: [] as string[] } as const;

export const modelOptions = {
  shape: {
    ...list,
    describe: 'Shape of an input whose dimensions are symbolic, e.g. input=1,3,32,32; repeatable',
  },
  input: {
    ...list,
    describe: 'Fix an input beside the picture: NAME=VALUE, NAME=1,2,3 or NAME=FILE (.npy, .pb); repeatable',
  },
} as const;
