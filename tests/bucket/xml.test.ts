import { expect, test } from "bun:test";
import { assert, constantFrom, property, string } from "fast-check";
import { BtdtError } from "../../src/base/errors.ts";
import { childText, escapeXml, parseXml } from "../../src/bucket/xml.ts";
import { catchError } from "../support/catch-error.ts";

const parse = (text: string) => parseXml(Buffer.from(text));

test("elements have text and children, whatever their namespace", () => {
  const root = parse(
    '  <?xml version="1.0"?>\n<s:A xmlns:s="x"><s:B> 1 &amp; &#34;2&quot; </s:B><C><![CDATA[<c>]]></C><C/></s:A>\n',
  );
  expect(root.name).toBe("A");
  expect(childText(root, "B")).toBe(' 1 & "2" ');
  expect(childText(root, "C")).toBe("<c>");
  expect(childText(root, "D")).toBeUndefined();
});

test("what is escaped is read back", () => {
  assert(
    property(string({ unit: constantFrom("a", "&", "<", ">", '"', "'", ";", "ä", "]") }), (text) => {
      expect(childText(parse(`<A><B>${escapeXml(text)}</B></A>`), "B")).toBe(text);
    }),
  );
});

for (const text of [
  "",
  "text",
  "<html><body><p>Sign in",
  "<A><B></A>",
  "<A/><B/>",
  "<A>&unknown;</A>",
  '<!DOCTYPE A [<!ENTITY e "x">]><A>&e;</A>',
  '<!DOCTYPE A SYSTEM "http://127.0.0.1/x"><A/>',
  "<A>".repeat(100),
  "\u0000",
]) {
  test(`${JSON.stringify(text.slice(0, 30))} is no answer`, () => {
    expect(catchError(() => parse(text))).toBeInstanceOf(BtdtError);
  });
}
