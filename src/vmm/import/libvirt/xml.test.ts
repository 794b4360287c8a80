import fc from "fast-check";
import { expect, test } from "vitest";
import { parseXml } from "./xml.ts";

test("elements, attributes, text, entities, comments, CDATA and instructions", () => {
  const root = parseXml(`<?xml version='1.0'?><!-- <a> -->
    <a x="1 &lt; 2" y='&quot;&#65;&#x42;'>t<b/><c>in <![CDATA[<raw & ]]>side</c> u</a>`);
  expect(root).toMatchObject({ name: "a", text: "t u" });
  expect(Object.fromEntries(root.attributes)).toEqual({ x: "1 < 2", y: '"AB' });
  expect(root.children.map(({ name, text }) => [name, text])).toEqual([
    ["b", ""],
    ["c", "in <raw & side"],
  ]);
});

test.each([
  ["", /line 1: there is no element/],
  ["<a>", /<a> does not end/],
  ["<a></b>", /<\/b> ends <a>/],
  ["<a/><b/>", /second root/],
  ["<a x='1' x='2'/>", /attribute x is given twice/],
  ["<a>&what;</a>", /&what; is no entity/],
  ["<a>&#x110000;</a>", /is no entity/],
  ["<a>\n<b x=1/></a>", /line 2: <b x=1/],
  ["<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", /is no tag/],
  ["<a><!-- </a>", /<!-- <\/a>? does not end/],
  ["x<a/>", /text outside/],
])("%s is refused", (text, message) => {
  expect(() => parseXml(text)).toThrow(message);
});

test("any text is read or refused by line", () => {
  const shred = fc.constantFrom(
    "<a>",
    "</a>",
    "<b/>",
    "<",
    ">",
    "&",
    "&lt;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "x",
    "\n",
    "<a b='c'>",
    "<?",
    "?>",
  );
  fc.assert(
    fc.property(fc.array(shred, { maxLength: 20 }), (shreds) => {
      try {
        parseXml(shreds.join(""));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect((error as Error).message).toMatch(/^line \d+: /);
      }
    }),
  );
});

test("a deep document needs no deep stack", () => {
  const deep = 100_000;
  expect(() => parseXml(`${"<a>".repeat(deep)}${"</a>".repeat(deep - 1)}`)).toThrow(/does not end/);
});
