/** The rows of docs/paper.md: what He et al. (2019) published, and the command that makes ours. */

/** Their networks; LeNet is trained on MNIST first, CIFAR10CNN is the one in models/. */
export const subjects = {
  mnist: { model: (work) => `${work}/lenet-mnist.onnx`, data: 'mnist', cuts: ['conv1', 'ReLU2'] },
  cifar: { model: () => 'models/cifar10cnn.onnx', data: 'cifar-10', cuts: ['conv11', 'ReLU22', 'ReLU32'] },
};

const cuts = ['conv1', 'ReLU2', 'conv11', 'ReLU22', 'ReLU32'];
const subjectOf = (cut) => (subjects.mnist.cuts.includes(cut) ? 'mnist' : 'cifar');

/** [PSNR dB, SSIM] at conv1, ReLU2, conv11, ReLU22, ReLU32. */
const published = {
  'white-box rMLE': [
    [39.69, 0.9969],
    [15.1, 0.5998],
    [37.59, 0.996],
    [19.47, 0.694],
    [13.38, 0.1625],
  ],
  'black-box, same set': [
    [39.64, 0.9887],
    [20.35, 0.7334],
    [49.88, 0.9993],
    [19.81, 0.6939],
    [15.42, 0.3124],
  ],
  'black-box, same distribution': [
    [40.72, 0.995],
    [20.81, 0.8046],
    [49.02, 0.9992],
    [19.36, 0.6802],
    [13.95, 0.2196],
  ],
  'black-box, Gaussian noise': [
    [14.76, 0.7188],
    [7.72, 0.431],
    [48.59, 0.9996],
    [12.79, 0.293],
    [12.37, 0.044],
  ],
  'black-box, shadow + rMLE': [
    [39.67, 0.9968],
    [15.41, 0.6103],
    [28.67, 0.9766],
    [18.02, 0.6893],
    [12.61, 0.1145],
  ],
  'query-free, same set, same net': [
    [17.6, 0.7423],
    [9.61, 0.4981],
    [21.16, 0.9104],
    [12.74, 0.1752],
    [11.09, 0.0419],
  ],
  'query-free, other set, same net': [
    [21.53, 0.9121],
    [9.27, 0.4652],
    [21.45, 0.9145],
    [11.51, 0.1723],
    [11.98, 0.0102],
  ],
  'query-free, same set, other net': [
    [12.59, 0.643],
    [8.05, 0.379],
    [17.55, 0.6344],
    [12.46, 0.2714],
    [10.68, 0.0247],
  ],
  'query-free, other set, other net': [
    [17.86, 0.6952],
    [8.03, 0.3226],
    [13.06, 0.1553],
    [11.3, 0.0467],
    [11.47, 0.0793],
  ],
};

/** Our ways to do what a published row does; the first that is stronger need not be the last. */
const ours = [
  ['white-box rMLE', 'rMLE', ['--attack', 'rmle'], cuts],
  ['white-box rMLE', 'rMLE as published (Adam)', ['--attack', 'rmle', '--solver', 'adam'], ['conv1', 'ReLU2']],
  ['white-box rMLE', 'hybrid', ['--attack', 'hybrid', '--queries', '10000'], cuts],
  ['black-box, same set', 'residual decoder', ['--attack', 'inverse-network', '--queries', '10000'], cuts],
  [
    'black-box, same set',
    'decoder of the paper',
    ['--attack', 'inverse-network', '--decoder', 'paper', '--epochs', '10'],
    cuts,
  ],
  [
    'black-box, same distribution',
    'residual decoder',
    ['--attack', 'inverse-network', '--attacker-data', 'same-distribution', '--queries', '8000'],
    cuts,
  ],
  [
    'black-box, Gaussian noise',
    'residual decoder',
    ['--attack', 'inverse-network', '--attacker-data', 'gaussian', '--queries', '5000'],
    cuts,
  ],
  [
    'black-box, Gaussian noise',
    'residual decoder, synthetic pictures',
    ['--attack', 'inverse-network', '--attacker-data', 'synthetic', '--queries', '5000'],
    cuts,
  ],
  [
    'black-box, shadow + rMLE',
    'substitute, rMLE',
    ['--attack', 'substitute', '--substitute-inversion', 'rmle', '--queries', '10000'],
    cuts,
  ],
  [
    'black-box, shadow + rMLE',
    'substitute, begun at the decoder’s answer',
    ['--attack', 'substitute', '--substitute-inversion', 'hybrid', '--queries', '10000'],
    ['ReLU2', 'ReLU22', 'ReLU32'],
  ],
  [
    'black-box, shadow + rMLE',
    'substitute of other layers, rMLE',
    [
      '--attack',
      'substitute',
      '--substitute-structure',
      'generated',
      '--substitute-inversion',
      'rmle',
      '--queries',
      '10000',
    ],
    ['ReLU2', 'ReLU22'],
  ],
  ['query-free, same set, same net', 'shadow', ['--attack', 'shadow', '--shadow-structure', 'known'], cuts],
  [
    'query-free, other set, same net',
    'shadow',
    ['--attack', 'shadow', '--shadow-structure', 'known', '--attacker-data', 'same-distribution'],
    cuts,
  ],
  ['query-free, same set, other net', 'shadow', ['--attack', 'shadow', '--shadow-structure', 'generated'], cuts],
  [
    'query-free, other set, other net',
    'shadow',
    ['--attack', 'shadow', '--shadow-structure', 'generated', '--attacker-data', 'same-distribution'],
    cuts,
  ],
];

export const rows = ours.flatMap(([name, how, options, at]) =>
  at.map((cut) => ({
    id: `${name}, ${how}, ${cut}`,
    name,
    how,
    cut,
    subject: subjectOf(cut),
    published: published[name][cuts.indexOf(cut)],
    options,
  })),
);

/** The number of queries that no row of the paper varies. */
export const sweeps = ['ReLU2', 'ReLU22', 'ReLU32'].map((cut) => ({
  id: `sweep, ${cut}`,
  cut,
  subject: subjectOf(cut),
  options: ['--attack', 'inverse-network', '--queries', '100', '--queries', '1000', '--queries', '10000'],
}));
