/**
 * The catalogue of errors. Each says what was wrong, where, and what to do about it.
 * `docs/errors.md` is written from this file.
 */

/** Exit codes of the command: 1 failed, 2 usage or bad input, 3 no feasible plan. */
export type ExitCode = 1 | 2 | 3;

interface Entry {
  readonly exit: ExitCode;
  /** Text with `{name}` placeholders. */
  readonly text: string;
}

const catalogue = {
  // --- usage, files -------------------------------------------------------------------------------------------------
  USAGE: { exit: 2, text: '{problem}' },
  FILE_NOT_FOUND: { exit: 2, text: '{path}: no such file. Check the path.' },
  OUTPUT_NOT_WRITABLE: { exit: 1, text: '{path}: cannot write ({problem}). Free some space or choose another place.' },
  CANCELLED: { exit: 1, text: 'Cancelled.' },
  // --- engine -------------------------------------------------------------------------------------------------------
  ENGINE_LOAD: { exit: 2, text: 'The engine refused the graph: {problem}' },
  ENGINE_RUN: { exit: 1, text: 'The engine failed while running: {problem}' },
  ENGINE_CRASHED: { exit: 1, text: 'The engine process ended unexpectedly ({problem}). Load the model again.' },
  ENGINE_CLOSED: { exit: 1, text: 'The engine or session is closed.' },
  // --- model --------------------------------------------------------------------------------------------------------
  // --- autodiff -----------------------------------------------------------------------------------------------------
  NO_GRADIENT_RULE: {
    exit: 2,
    text: 'Node {node}: no gradient rule for operator {op}. Attacks without gradients still work: {alternatives}.',
  },
  // --- data ---------------------------------------------------------------------------------------------------------
  // --- privacy ------------------------------------------------------------------------------------------------------
  // --- profiles, planner --------------------------------------------------------------------------------------------
  // --- broker, agent, consumer --------------------------------------------------------------------------------------
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;

export class CutlineError extends Error {
  readonly code: ErrorCode;
  readonly exit: ExitCode;

  constructor(code: ErrorCode, details: Readonly<Record<string, string | number>> = {}, options?: ErrorOptions) {
    const entry: Entry = catalogue[code];
    super(
      entry.text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '')),
      options,
    );
    this.name = 'CutlineError';
    this.code = code;
    this.exit = entry.exit;
  }
}

/** Every entry, for the documentation. */
export const errorCatalogue: Readonly<Record<ErrorCode, Entry>> = catalogue;
