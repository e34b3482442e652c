/** The settings that a schema knows, as paths: what environment variables and `--set` may name. */
import { z } from 'zod';

interface Node {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

export interface SettingPath {
  readonly path: readonly string[];
  /** Its value is text whatever it looks like; others are read as YAML. */
  readonly isText: boolean;
}

/** As JSON Schema of what may be written: what has a default may be left out. Bounds that only the code knows are not in it. */
export function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** Every key at every depth, also of each of several forms. By `broker.url`. */
export function settingPaths(schema: z.ZodType): ReadonlyMap<string, SettingPath> {
  const found = new Map<string, SettingPath>();
  const visit = (node: Node, path: readonly string[]): void => {
    for (const form of [node, ...formsOf(node)]) {
      for (const [key, child] of Object.entries(form.properties ?? {})) {
        const at = [...path, key];
        const name = at.join('.');
        const isText = onlyText(child) && found.get(name)?.isText !== false;
        found.set(name, { path: at, isText });
        visit(child, at);
      }
    }
  };
  visit(jsonSchema(schema) as Node, []);
  return found;
}

const formsOf = ({ anyOf = [], oneOf = [], allOf = [] }: Node): Node[] =>
  [...anyOf, ...oneOf, ...allOf].flatMap((form) => [form, ...formsOf(form)]);

function onlyText(node: Node): boolean {
  const forms = formsOf(node);
  if (forms.length > 0) return forms.every(onlyText);
  if (node.type !== undefined) return node.type === 'string';
  return typeof node.const === 'string' || (node.enum?.every((v) => typeof v === 'string') ?? false);
}
