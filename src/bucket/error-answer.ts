import { isBtdtError } from "../base/errors.ts";
import type { Answer } from "./exchange.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

/** What an answer says has gone wrong. */
export interface ErrorAnswer {
  /** Such as `SlowDown`; empty if the answer has none. */
  readonly code: string;
  /** In which region the bucket is, if the answer says so. */
  readonly region: string | undefined;
}

/** It becomes part of a host name. */
const REGION = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Answers without XML, such as a proxy's HTML or a HEAD's, have an empty code. */
export function readErrorAnswer({ headers, body }: Answer): ErrorAnswer {
  const element = parseIfXml(body);
  const region = element && childText(element, "Region");
  const regions = [headers.get("x-amz-bucket-region"), region];
  return {
    code: element === undefined ? "" : codeOf(element),
    region: regions.find((name) => typeof name === "string" && REGION.test(name)) ?? undefined,
  };
}

/** The error in the body of an answer with status 200; undefined if there is none. */
export function findLateError(answer: Answer): ErrorAnswer | undefined {
  return parseXml(answer.body).name === "Error" ? readErrorAnswer(answer) : undefined;
}

function codeOf(element: XmlElement): string {
  const code = element.name === "Error" ? childText(element, "Code")?.trim() : undefined;
  return code !== undefined && /^[A-Za-z][A-Za-z0-9.]{0,63}$/.test(code) ? code : "";
}

function parseIfXml(body: Uint8Array): XmlElement | undefined {
  if (body.length === 0) return undefined;
  try {
    return parseXml(body);
  } catch (error) {
    if (!isBtdtError(error, "BUCKET_NOT_ACCESSIBLE")) throw error;
    return undefined;
  }
}
