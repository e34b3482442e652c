/** HTML in which every value is text unless it says otherwise: names in models and files come from strangers. */

export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type Value = string | number | Html | undefined | readonly (Html | undefined)[];

/** Values are escaped; `Html` and lists of it go in as they are; undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((markup, part, i) => markup + markupOf(values[i - 1]) + part));
}

/** Markup made elsewhere, e.g. by the chart library. Never anything that came from outside. */
export const trusted = (markup: string): Html => new Html(markup);

function markupOf(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(markupOf).join('');
  return escaped(String(value));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Without control characters and those that turn the direction of text, which can make a name look like another. */
export const plainText = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

const escaped = (text: string) => plainText(text).replace(/[&<>"']/g, (c) => entities[c]!);
