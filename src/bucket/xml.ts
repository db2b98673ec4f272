import { SaxesParser } from "saxes";
import { invalidAnswer } from "./bucket-errors.ts";

/** An element of an answer, without its attributes. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The text directly in it, entities decoded. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

/** Answers of S3 have four levels. */
const MOST_LEVELS = 16;

/**
 * Parses an answer. It may start with white space: servers send that while they are still working.
 *
 * @throws BtdtError BUCKET_NOT_ACCESSIBLE for anything but one well-formed document without a DTD.
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  const parser = new SaxesParser();
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  parser.on("error", (error) => {
    throw invalidAnswer("is not XML", error);
  });
  parser.on("doctype", () => {
    throw invalidAnswer("contains a document type");
  });
  parser.on("opentag", ({ name }) => {
    if (open.length === MOST_LEVELS) throw invalidAnswer("is nested too deeply");
    open.push({ name: name.replace(/^.*:/, ""), children: [], text: "" });
  });
  const addText = (text: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const element = open.pop();
    if (element === undefined) return;
    if (open.length === 0) root = element;
    else open.at(-1)?.children.push(element);
  });
  parser.write(new TextDecoder().decode(bytes).trimStart()).close();
  if (root === undefined) throw invalidAnswer("is empty");
  return root;
}

/** The text of the first child with this name; undefined if there is none. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** For text between tags. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
