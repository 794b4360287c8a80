/** One element of an XML document. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  text: string;
}

const name = "[A-Za-z_:][\\w.:-]*";
const tag = new RegExp(`^<(${name})((?:\\s+${name}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`);
const attribute = new RegExp(`(${name})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "g");
const endTag = new RegExp(`^</(${name})\\s*>`);

/**
 * The root element of a document (XML 1.0). Comments, processing instructions and CDATA are read; a document type is
 * not, so that no entity can be defined. Throws RangeError with the line of what is wrong.
 */
export function parseXml(document: string): Element {
  const open: Open[] = [];
  let root: Element | undefined;
  let at = 0;
  const fail = (what: string): never => {
    throw new RangeError(`line ${document.slice(0, at).split("\n").length}: ${what}`);
  };
  const close = (): void => {
    const { text, ...done } = open.pop() ?? fail("an element ends that did not begin");
    const element = { ...done, text: text.trim() };
    const parent = open.at(-1);
    if (parent !== undefined) parent.children.push(element);
    else if (root === undefined) root = element;
    else fail("a second root element");
  };
  while (at < document.length) {
    const skipped = skippedAt(document, at);
    if (skipped !== undefined) {
      if (skipped.end < 0) fail(`${document.slice(at, at + 9)} does not end`);
      const parent = open.at(-1);
      if (parent !== undefined) parent.text += skipped.text;
      at = skipped.end;
      continue;
    }
    if (document[at] !== "<") {
      const end = document.indexOf("<", at);
      const text = document.slice(at, end < 0 ? undefined : end);
      const parent = open.at(-1);
      if (parent !== undefined) parent.text += decode(text, fail);
      else if (text.trim() !== "") fail("text outside of the root element");
      at = end < 0 ? document.length : end;
      continue;
    }
    const rest = document.slice(at, document.indexOf(">", at) + 1 + 4096);
    const [whole, started, attributes, isEmpty] = tag.exec(rest) ?? [];
    const [ended, endedName] = endTag.exec(rest) ?? [];
    if (whole !== undefined && started !== undefined) {
      open.push({ name: started, attributes: readAttributes(attributes ?? "", fail), children: [], text: "" });
      if (isEmpty === "/") close();
    } else if (ended === undefined) fail(`${document.slice(at, at + 20).split("\n")[0]} is no tag`);
    else if (endedName !== open.at(-1)?.name) fail(`</${endedName}> ends <${open.at(-1)?.name ?? ""}>`);
    else close();
    at += (whole ?? ended ?? "<").length;
  }
  if (open.length > 0) fail(`<${open.at(-1)?.name}> does not end`);
  return root ?? fail("there is no element");
}

/** A comment, an instruction or a CDATA section at this place; an end of -1 if it has none. */
function skippedAt(document: string, at: number): { end: number; text: string } | undefined {
  const kinds = [
    ["<!--", "-->"],
    ["<?", "?>"],
    ["<![CDATA[", "]]>"],
  ] as const;
  for (const [begin, end] of kinds) {
    if (!document.startsWith(begin, at)) continue;
    const found = document.indexOf(end, at + begin.length);
    const text = begin === "<![CDATA[" && found >= 0 ? document.slice(at + begin.length, found) : "";
    return { end: found < 0 ? -1 : found + end.length, text };
  }
  return undefined;
}

function readAttributes(text: string, fail: (what: string) => never): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, key = "", double, single] of text.matchAll(attribute)) {
    if (attributes.has(key)) fail(`attribute ${key} is given twice`);
    attributes.set(key, decode(double ?? single ?? "", fail));
  }
  return attributes;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decode(text: string, fail: (what: string) => never): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);?/g, (whole, code: string) => {
    const point = code.startsWith("#x") ? Number.parseInt(code.slice(2), 16) : Number(code.slice(1));
    const char = code.startsWith("#") ? (point <= 0x10_ffff ? String.fromCodePoint(point) : undefined) : entities[code];
    return char === undefined || !whole.endsWith(";") ? fail(`${whole} is no entity`) : char;
  });
}
