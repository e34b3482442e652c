/** Dimensions that files write as arithmetic over other dimensions: `2*batch`, `past + 1`, `floor(height/2)`. */

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly op: Operation; readonly args: readonly Expression[] };

export type Operation = '+' | '-' | '*' | '/' | '//' | '%' | 'floor' | 'ceil' | 'min' | 'max';

/** As sympy and its users call them. */
const functions = new Map<string, Operation>([
  ['floor', 'floor'],
  ['ceil', 'ceil'],
  ['ceiling', 'ceil'],
  ['min', 'min'],
  ['max', 'max'],
  ['floordiv', '//'],
  ['mod', '%'],
]);

const token = /\s*(?:(\d+)|([\p{L}_][\p{L}\p{N}_.$]*)|(\/\/|[-+*/%(),]))/uy;

/** A name that can stand in an expression. */
export const isPlainName = (text: string): boolean => /^[\p{L}_][\p{L}\p{N}_.$]*$/u.test(text);

/** Undefined for what is no arithmetic: such a text is a name as a whole. */
export function parseExpression(text: string): Expression | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  let at = 0;
  const next = (): string | undefined => tokens[at];
  const takes = (t: string): boolean => next() === t && at++ >= 0;

  const binary = (operand: () => Expression | undefined, operators: readonly Operation[]) => {
    let left = operand();
    for (let op = next(); left && operators.includes(op as Operation); op = next()) {
      at++;
      const right = operand();
      left = right && { kind: 'call', op: op as Operation, args: [left, right] };
    }
    return left;
  };
  const sum = (): Expression | undefined => binary(product, ['+', '-']);
  const product = (): Expression | undefined => binary(factor, ['*', '/', '//', '%']);
  const factor = (): Expression | undefined => {
    if (takes('(')) {
      const inner = sum();
      return takes(')') ? inner : undefined;
    }
    if (takes('-')) {
      const negated = factor();
      return negated && { kind: 'call', op: '-', args: [{ kind: 'number', value: 0 }, negated] };
    }
    const word = next();
    if (word === undefined || !/^[\p{L}\p{N}_]/u.test(word)) return undefined;
    at++;
    if (/^\d/.test(word)) return { kind: 'number', value: Number(word) };
    return takes('(') ? call(functions.get(word.toLowerCase())) : { kind: 'name', name: word };
  };
  const call = (op: Operation | undefined): Expression | undefined => {
    const args: Expression[] = [];
    do {
      const arg = sum();
      if (!arg) return undefined;
      args.push(arg);
    } while (takes(','));
    return op && takes(')') ? { kind: 'call', op, args } : undefined;
  };

  const whole = sum();
  return at === tokens.length ? whole : undefined;
}

/** Longer texts are names, or nothing that anybody wrote. */
const longest = 500;

function tokensOf(text: string): string[] | undefined {
  if (text.length > longest) return undefined;
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < trimmed.length) {
    const match = token.exec(trimmed);
    if (!match) return undefined;
    tokens.push(match[1] ?? match[2] ?? match[3]!);
  }
  return tokens;
}

export function namesIn(e: Expression): ReadonlySet<string> {
  if (e.kind === 'name') return new Set([e.name]);
  return e.kind === 'number' ? new Set() : new Set(e.args.flatMap((a) => [...namesIn(a)]));
}

/** A number, not rounded; undefined while a name has no value. */
export function evaluate(e: Expression, values: ReadonlyMap<string, number>): number | undefined {
  if (e.kind === 'number') return e.value;
  if (e.kind === 'name') return values.get(e.name);
  const args: number[] = [];
  for (const a of e.args) {
    const value = evaluate(a, values);
    if (value === undefined) return undefined;
    args.push(value);
  }
  const [a = 0, b = 1] = args;
  switch (e.op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return a - b * Math.floor(a / b);
    case 'floor':
      return Math.floor(a);
    case 'ceil':
      return Math.ceil(a);
    case 'min':
      return Math.min(...args);
    case 'max':
      return Math.max(...args);
    default:
      return e.op satisfies never;
  }
}

/**
 * The value of one name that makes the expression `result`, all other names having values: a whole number, not negative.
 * Undefined where it is no straight line in the name, or no such number exists.
 */
export function solveFor(
  e: Expression,
  name: string,
  result: number,
  values: ReadonlyMap<string, number>,
): number | undefined {
  const at = (value: number) => evaluate(e, new Map([...values, [name, value]]));
  const [zero, one, two] = [at(0), at(1), at(2)];
  if (zero === undefined || one === undefined || two === undefined) return undefined;
  const slope = one - zero;
  if (slope === 0 || two - one !== slope) return undefined;
  const found = (result - zero) / slope + 0;
  return Number.isSafeInteger(found) && found >= 0 && at(found) === result ? found : undefined;
}

/** The expression as a text that means the same, under other names. */
export function printExpression(e: Expression, rename: (name: string) => string): string {
  if (e.kind === 'number') return String(e.value);
  if (e.kind === 'name') return rename(e.name);
  const args = e.args.map((a) => printExpression(a, rename));
  if (/^\w/.test(e.op)) return `${e.op}(${args.join(', ')})`;
  return e.op === '*' && e.args.every((a) => a.kind !== 'call') ? args.join('*') : `(${args.join(` ${e.op} `)})`;
}
