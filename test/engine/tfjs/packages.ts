/** TensorFlow.js in pure JavaScript, which needs nothing native. */
export const tfjsPackages = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'] as const;
