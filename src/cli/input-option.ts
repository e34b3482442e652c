/** `--input`, the same for every command that opens a model. */

export const inputOption = {
  type: 'string',
  array: true,
  nargs: 1,
  default: [] as string[],
  describe: 'Fix an input beside the picture: NAME=VALUE, NAME=1,2,3 or NAME=FILE (.npy, .pb); repeatable',
} as const;
