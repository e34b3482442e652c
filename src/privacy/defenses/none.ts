/** No defense is a defense: the baseline every other is measured against. */
import type { Defense } from './defense.ts';

export const none: Defense = {
  spec: 'none',
  name: 'none',
  where: 'none',
  parameters: {},
  law: { kind: 'identity' },
  apply: (tensor) => tensor,
};
