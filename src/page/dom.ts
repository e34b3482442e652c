/** Elements, made of names and texts alone: nothing that came in a model's or a file's names is ever read as markup. */
import { plainText } from '../html.ts';

type Child = Node | string | undefined;

/** @param attributes undefined and false leave one out */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : plainText(String(value)));
  made.append(...nodes(children));
  return made;
}

export function fill(target: Element, ...children: readonly Child[]): void {
  target.replaceChildren(...nodes(children));
}

const nodes = (children: readonly Child[]): (Node | string)[] =>
  children.flatMap((child): (Node | string)[] => {
    if (child === undefined) return [];
    return [typeof child === 'string' ? plainText(child) : child];
  });

/** Writes a text where it is another one: what has not changed is left alone. */
export function say(target: Element, text: string): void {
  const plain = plainText(text);
  if (target.textContent !== plain) target.textContent = plain;
}
