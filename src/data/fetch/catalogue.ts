/** What `cutline data fetch` knows. The SHA-256 sums are those that TensorFlow Datasets, Keras and others pin. */

export interface Download {
  readonly url: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** A file to keep as it is, or a tar.gz of which these members are kept. */
  readonly keep: { readonly file: string } | { readonly members: Readonly<Record<string, number>> };
}

export interface CatalogueEntry {
  readonly title: string;
  readonly licence: string;
  readonly downloads: readonly Download[];
}

const FASHION = 'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/';
const MNIST = 'https://storage.googleapis.com/cvdf-datasets/mnist/';

function file(base: string, name: string, bytes: number, sha256: string): Download {
  return { url: base + name, bytes, sha256, keep: { file: name } };
}

const CIFAR_FOLDER = 'cifar-10-batches-bin';
const CIFAR_BATCH_BYTES = 30_730_000;

export const catalogue: Readonly<Record<string, CatalogueEntry>> = {
  'fashion-mnist': {
    title: 'Fashion-MNIST, Zalando Research',
    licence: 'MIT',
    downloads: [
      file(
        FASHION,
        'train-images-idx3-ubyte.gz',
        26_421_880,
        '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      ),
      file(
        FASHION,
        'train-labels-idx1-ubyte.gz',
        29_515,
        'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      ),
      file(
        FASHION,
        't10k-images-idx3-ubyte.gz',
        4_422_102,
        '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      ),
      file(
        FASHION,
        't10k-labels-idx1-ubyte.gz',
        5_148,
        '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      ),
    ],
  },
  mnist: {
    title: 'MNIST, LeCun, Cortes and Burges',
    licence: 'CC BY-SA 3.0',
    downloads: [
      file(
        MNIST,
        'train-images-idx3-ubyte.gz',
        9_912_422,
        '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
      ),
      file(
        MNIST,
        'train-labels-idx1-ubyte.gz',
        28_881,
        '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
      ),
      file(
        MNIST,
        't10k-images-idx3-ubyte.gz',
        1_648_877,
        '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
      ),
      file(
        MNIST,
        't10k-labels-idx1-ubyte.gz',
        4_542,
        'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
      ),
    ],
  },
  'cifar-10': {
    title: 'CIFAR-10, binary version, Krizhevsky',
    licence: 'none stated; cite Krizhevsky 2009',
    downloads: [
      {
        url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
        bytes: 170_052_171,
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
        keep: {
          members: Object.fromEntries(
            ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'].map(
              (name) => [`${CIFAR_FOLDER}/${name}.bin`, CIFAR_BATCH_BYTES],
            ),
          ),
        },
      },
    ],
  },
};
