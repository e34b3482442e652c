import { confidenceFor, idOfPlan, type Plan, protocolSha256 } from '../../src/plan/index.ts';
import { leastProtocol } from '../support/evidence.ts';

/** A complete plan whose evidence proves its threshold. */
export function samplePlan(): Plan {
  return {
    format: 'cutline.plan/1',
    planId: '0123456789abcdef0123456789abcdef',
    serial: 7,
    created: '2026-01-02T03:04:05.000Z',
    model: { name: 'lenet', sha256: 'a'.repeat(64) },
    cut: { id: 'ReLU2', tensors: [{ name: 'relu2', dtype: 'float32', shape: [1, 16, 8, 8] }] },
    head: { file: 'head.onnx', sha256: 'b'.repeat(64), bytes: 1000 },
    tail: { file: 'tail.onnx', sha256: 'c'.repeat(64), bytes: 2000 },
    answer: [{ name: 'logits', dtype: 'float32', shape: [1, 10] }],
    codec: 'float32',
    defense: 'none',
    picture: {
      input: 'input',
      preprocessing: { layout: 'NCHW', channels: 1, height: 28, width: 28, mean: [0.5], std: [0.5] },
    },
    thresholds: { threat: 'white-box', maxSsim: 0.3, objective: 'latency' },
    evidence: [
      {
        hop: 0,
        observer: { threat: 'white-box', observations: 1 },
        deterministic: true,
        protocol: { name: leastProtocol.name, sha256: protocolSha256(leastProtocol) },
        cut: 'ReLU2',
        defense: 'none',
        codec: 'float32',
        attacks: [{ name: 'rmle', iterations: 10 }],
        strongest: 'rmle',
        images: 50,
        ssim: { mean: 0.2, low: 0.1, high: 0.25, worstDecile: 0.3 },
        psnr: { mean: 12, low: 11, high: 13 },
        reidentification: { rank1: 0.02, low: 0, high: 0.1, gallery: 100 },
        sameLabel: null,
        floor: null,
        overAnswer: null,
        bitsCap: null,
        confirmation: {
          images: 50,
          ssim: { mean: 0.2, low: 0.1, high: 0.25 },
          confidence: confidenceFor(leastProtocol)!,
          victimsSha256: 'f'.repeat(64),
        },
        auditSha256: 'd'.repeat(64),
        dataSha256: 'e'.repeat(64),
        victimsSha256: 'f'.repeat(64),
        seed: 1,
      },
    ],
    predicted: {
      latencyMs: { total: 10, head: 2, encode: 1, network: 6, tail: 1 },
      energyMj: 20,
      activationBytes: 4096,
      wireBytes: 4300,
      downloadBytes: 1000,
      accuracy: 0.9,
      agreement: 1,
      sources: {
        head: 'measured',
        encode: 'modelled',
        network: 'published',
        tail: 'modelled',
        energy: 'modelled',
        wireBytes: 'modelled',
      },
    },
    profiles: { device: 'raspberry-pi-4', cloud: 'cloud-generic', link: 'wifi' },
  };
}

/** With the id that follows from its content. */
export const named = (plan: Plan): Plan => ({ ...plan, planId: idOfPlan(plan) });
