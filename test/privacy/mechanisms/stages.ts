/** A few of each stage, for the contract that all of them pass. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  clip: ['clip(l2=2)', 'clip(linf=0.5)', 'input.clip(l2=1)'],
  gauss: [
    'gauss(sd=0.5)',
    'input.gauss(sd=2)',
    'clip(l2=4)+gauss(eps=8,delta=1e-5)',
    'clip(linf=1)+gauss(eps=2,delta=0.001)',
  ],
  laplace: ['laplace(scale=0.1)', 'input.laplace(scale=30)', 'clip(linf=1)+laplace(eps=16)'],
  dropout: ['dropout(rate=0.5)', 'dropout(rate=0.25,rescale=no)', 'input.dropout(rate=0.1)'],
  topk: ['topk(share=0.1)', 'topk(share=1)'],
  prefix: ['prefix(channels=2)', 'prefix(channels=1)', 'prefix(channels=9)'],
  quant: ['quant(bits=4)', 'quant(bits=1)', 'quant(bits=3,per=channel)', 'input.quant(bits=8)'],
  blur: ['input.blur(sigma=1.5)'],
  downscale: ['input.downscale(by=2)', 'input.downscale(by=3)'],
};
