import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";

/** A key as written by the user: text with `{{ … }}` in it, or `${{ … }}` as on GitHub. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  /** `name` or `name("argument", …)`; `env.NAME` has the dot in its name. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly string[] };

const OPENING = /\$?\{\{/g;
const CALL = /^([A-Za-z_][A-Za-z0-9_.]*)\s*(?:\(([\s\S]*)\))?$/;
const ARGUMENT = /\s*(?:"([^"]*)"|'([^']*)')\s*(,|$)/y;

export function isTemplate(text: string): boolean {
  return text.includes("{{");
}

/**
 * Splits a list of keys or templates at commas and line breaks outside of braces. Spaces around an item are dropped, and
 * so are empty items.
 * @throws BtdtError USAGE
 */
export function splitTemplates(list: string): string[] {
  const templates = [""];
  for (let position = 0; position < list.length; ) {
    const end = list.startsWith("{{", position) ? closingOf(list, position) + 2 : position + 1;
    const piece = list.slice(position, end);
    if (piece === "," || piece === "\n") templates.push("");
    else templates.push(`${templates.pop() ?? ""}${piece}`);
    position = end;
  }
  return templates.map((template) => template.trim()).filter((template) => template !== "");
}

/** @throws BtdtError USAGE */
export function parseTemplate(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let position = 0;
  for (;;) {
    OPENING.lastIndex = position;
    const opening = OPENING.exec(template);
    const text = template.slice(position, opening?.index);
    if (text !== "") parts.push({ kind: "text", text });
    if (opening === null) return parts;
    const start = opening.index + opening[0].length;
    const end = closingOf(template, start - 2);
    parts.push(parseCall(template.slice(start, end).trim()));
    position = end + 2;
  }
}

/** The position of the `}}` that closes the `{{` at `opening`; those inside quotes do not count. */
function closingOf(text: string, opening: number): number {
  let quote = "";
  for (let position = opening + 2; position < text.length; position++) {
    const character = text.charAt(position);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (text.startsWith("}}", position)) return position;
  }
  const what = quote === "" ? "an opening {{" : `an opening ${quote}`;
  throw new BtdtError("USAGE", `${what} is never closed in the key ${escapeControls(text)}`, {
    hint: 'write {{ hashFiles("package-lock.json") }}, and quote it for the shell',
  });
}

function parseCall(call: string): TemplatePart {
  const [, name, list] = CALL.exec(call) ?? [];
  const args = list === undefined ? [] : parseArguments(list);
  if (name === undefined || args === undefined) {
    throw new BtdtError("USAGE", `invalid template {{ ${escapeControls(call)} }}`, {
      hint: 'write a name, or a name with quoted arguments: {{ os }}, {{ hashFiles("a.lock", "b.lock") }}',
    });
  }
  return { kind: "call", name, args };
}

/** Undefined if it is not a list of quoted strings. */
function parseArguments(list: string): string[] | undefined {
  const args: string[] = [];
  if (list.trim() === "") return args;
  ARGUMENT.lastIndex = 0;
  for (;;) {
    const match = ARGUMENT.exec(list);
    if (match === null) return undefined;
    args.push(match[1] ?? match[2] ?? "");
    if (match[3] === "") return args;
  }
}
