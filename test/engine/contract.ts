/** What every Engine must do. `crash` ends the engine's worker as a fault in native code would. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { boundaries } from './contract/boundaries.ts';
import { holding } from './contract/holding.ts';
import { lifecycle } from './contract/lifecycle.ts';
import { liveness } from './contract/liveness.ts';
import { loops } from './contract/loops.ts';
import { anyNames } from './contract/names.ts';
import { operatorAgreement } from './contract/operators.ts';
import { types } from './contract/types.ts';

export interface ContractOptions {
  readonly crash: (engine: Engine) => Promise<void>;
  /** Products take longer than native ones: smaller ones then make a run of the length that a test needs. */
  readonly slow?: boolean;
  /** Operators this engine does not have, each with the reason. */
  readonly without?: Readonly<Record<string, string>>;
  /** Element types this engine does not have or not in full, each with the reason. */
  readonly withoutTypes?: Readonly<Partial<Record<'float64' | 'wide int64', string>>>;
}

/** A fresh engine when asked for one, and one that the cheap tests share. */
export interface Bench {
  readonly fresh: () => Promise<Engine>;
  readonly shared: () => Engine;
}

export function engineContract(name: string, factory: () => Promise<Engine>, options: ContractOptions): void {
  describe(`engine contract: ${name}`, () => {
    let engine: Engine;
    const opened: Engine[] = [];
    const fresh = async (): Promise<Engine> => {
      const made = await factory();
      opened.push(made);
      return made;
    };
    beforeAll(async () => {
      engine = await fresh();
    });
    afterAll(async () => {
      await Promise.all(opened.map((e) => e.close()));
    });
    const bench: Bench = { fresh, shared: () => engine };
    types(bench, options);
    boundaries(bench);
    anyNames(bench);
    liveness(bench, options);
    loops(bench);
    holding(bench, options);
    lifecycle(bench, options);
    operatorAgreement(bench, options);
  });
}
