/** The rows of docs/defenses.md: two networks, two cuts each, and what stands between the head and the wire. */

/**
 * LeNet is the one of docs/paper.md, made by the same command; CIFAR10CNN is in models/. Besides the attacks that are named, what
 * the answer gives away.
 */
export const subjects = {
  lenet: {
    title: 'LeNet, MNIST',
    model: (work) => `${work}/lenet-mnist.onnx`,
    data: 'mnist',
    images: 50,
    queries: 3000,
    attacks: ['rmle', 'inverse-network', 'hybrid'],
    unaware: ['rmle', 'inverse-network'],
  },
  cifar: {
    title: 'CIFAR10CNN, CIFAR-10',
    model: () => 'models/cifar10cnn.onnx',
    data: 'cifar-10',
    images: 50,
    attacks: ['rmle'],
    unaware: ['rmle'],
  },
};

/** By what a defence is, in the order of the tables. The first of a place are run first. */
const kinds = [
  ['none', ['none']],
  [
    'noise on the activation',
    [
      'gauss(sd=0.5x)',
      'gauss(sd=1x)',
      'gauss(sd=2x)',
      'gauss(sd=4x)',
      'gauss(sd=8x)',
      'gauss(sd=16x)',
      'laplace(scale=1x)',
    ],
  ],
  [
    'noise on the input',
    ['input.gauss(sd=0.5x)', 'input.gauss(sd=1x)', 'input.gauss(sd=2x)', 'input.laplace(scale=1x)'],
  ],
  [
    'dropout',
    [
      'dropout(rate=0.3)',
      'dropout(rate=0.5)',
      'dropout(rate=0.7)',
      'dropout(rate=0.9)',
      'dropout(rate=0.97)',
      'dropout(rate=0.99)',
    ],
  ],
  ['dropout without rescaling', ['dropout(rate=0.5,rescale=no)']],
  ['the largest only', ['topk(share=0.2)', 'topk(share=0.05)']],
  ['rounding', ['quant(bits=4)', 'quant(bits=2)', 'quant(bits=1)']],
  [
    'coarser pictures',
    ['input.blur(sigma=1)', 'input.blur(sigma=2)', 'input.downscale(by=2)', 'input.downscale(by=4)'],
  ],
];

/** Norms to clip to, about the median of each cut's rows: a clip that seldom acts costs nothing and guarantees all the same. */
const radius = { lenet: { ReLU2: 50, pool2: 40 }, cifar: { ReLU22: 60, pool2: 50 } };

function clipped(l2) {
  const clip = `clip(l2=${l2})`;
  const dp = (eps) => `${clip}+gauss(eps=${eps},delta=0.00001)`;
  return [
    ['differential privacy', [dp(8), dp(64), dp(512), `${clip}+laplace(eps=4096)`]],
    [
      'compositions',
      [
        `${clip}+dropout(rate=0.5)+gauss(sd=0.5x)+quant(bits=4)`,
        'topk(share=0.2)+gauss(sd=0.5x)',
        'input.gauss(sd=0.5x)+dropout(rate=0.5)+quant(bits=2)',
      ],
    ],
  ];
}

/** Of the dearer places a selection. */
const selected = {
  'cifar ReLU22': dearer(60),
  'cifar pool2': dearer(50),
};

/** One or two of each kind. */
function dearer(l2) {
  return [
    'none',
    'dropout(rate=0.5)',
    'dropout(rate=0.9)',
    'gauss(sd=1x)',
    'gauss(sd=4x)',
    'input.gauss(sd=1x)',
    'topk(share=0.05)',
    'quant(bits=2)',
    'quant(bits=1)',
    `clip(l2=${l2})+gauss(eps=64,delta=0.00001)`,
    `clip(l2=${l2})+dropout(rate=0.5)+gauss(sd=0.5x)+quant(bits=4)`,
    'dropout(rate=0.3)',
    'dropout(rate=0.7)',
  ];
}

/**
 * He et al. 2020 (IEEE IoT Journal), white-box, dropout on the activation of CIFAR10CNN: accuracy, PSNR in dB, SSIM. Their
 * attacker does not know of the dropout.
 */
const published = {
  'cifar ReLU22 none': [0.872, 18.5, 0.627],
  'cifar ReLU22 dropout(rate=0.3)': [0.867, 15.7, 0.424],
  'cifar ReLU22 dropout(rate=0.5)': [0.863, 13.8, 0.255],
  'cifar ReLU22 dropout(rate=0.7)': [0.841, 12.6, 0.082],
};

export const places = [
  ['lenet', 'ReLU2'],
  ['lenet', 'pool2'],
  ['cifar', 'ReLU22'],
  ['cifar', 'pool2'],
];

/** @returns {{ id: string, subject: string, cut: string, kind: string, defense: string, asked: boolean, published?: number[] }[]} */
export const rows = places.flatMap(([subject, cut]) =>
  [...kinds, ...clipped(radius[subject][cut])].flatMap(([kind, specs]) =>
    specs.map((defense) => {
      const id = `${subject} ${cut} ${defense}`;
      const asked = selected[`${subject} ${cut}`]?.includes(defense) ?? true;
      return { id, subject, cut, kind, defense, asked, published: published[id] };
    }),
  ),
);

/**
 * Rows in the order in which they were asked for: by name, or by the beginning of their names.
 * @param {string[] | undefined} only
 */
export function chosen(all, only) {
  if (!only) return all.filter((row) => row.asked);
  return only.flatMap((name) => {
    const exact = all.filter((row) => row.id === name);
    return exact.length > 0 ? exact : all.filter((row) => row.id.startsWith(name));
  });
}

/** Random stages: watching what never changes shows nothing more. */
export const isRandom = (defense) => /gauss|laplace|dropout/.test(defense);
