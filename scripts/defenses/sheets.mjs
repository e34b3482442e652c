/** Pictures beside docs/defenses.md: what the same victims look like to somebody who knows and to somebody who does not. */

/** @type {Record<string, { file: string, text: string, rows: [string, '1' | '16' | 'unaware'][] }>} */
export const sheets = {
  fooled: {
    file: 'defenses-known.png',
    text: 'Victims, what an attacker makes of them who does not know the defence, and what one who knows it makes',
    rows: [
      ['lenet ReLU2 dropout(rate=0.9)', 'unaware'],
      ['lenet ReLU2 dropout(rate=0.9)', '1'],
    ],
  },
  averaged: {
    file: 'defenses-sixteen.png',
    text: 'Victims, what an attacker who knows the defence makes of one observation, and of sixteen',
    rows: [
      ['lenet ReLU2 dropout(rate=0.99)', '1'],
      ['lenet ReLU2 dropout(rate=0.99)', '16'],
    ],
  },
};
