/** Markup that is safe to put into a page: made by `html` only. */
export class Markup {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Value = string | number | Markup | readonly Markup[];

/**
 * A template whose values are escaped, unless they are markup themselves; for content, and attributes in double quotes.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, index) => part + render(values[index] ?? "")).join(""));
}

function render(value: Value): string {
  if (value instanceof Markup) return value.markup;
  if (typeof value === "object") return value.map(({ markup }) => markup).join("");
  return String(value).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
