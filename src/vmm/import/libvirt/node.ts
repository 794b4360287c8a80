import type { ImportSheet } from "../sheet.ts";
import type { Element } from "./xml.ts";

/** An element that remembers which of its parts were asked for. */
export class DomainNode {
  readonly #element: Element;
  readonly #children: readonly DomainNode[];
  #isAsked = false;

  constructor(element: Element) {
    this.#element = element;
    this.#children = element.children.map((child) => new DomainNode(child));
  }

  get name(): string {
    return this.#element.name;
  }

  get text(): string {
    this.#isAsked = true;
    return this.#element.text;
  }

  attribute(name: string): string | undefined {
    this.#isAsked = true;
    return this.#element.attributes.get(name);
  }

  child(name: string): DomainNode | undefined {
    return this.all(name)[0];
  }

  all(...names: readonly string[]): DomainNode[] {
    this.#isAsked = true;
    const found = this.#children.filter((child) => names.includes(child.name));
    for (const child of found) child.#isAsked = true;
    return found;
  }

  textOf(name: string): string | undefined {
    return this.child(name)?.text;
  }

  /** The element as one would write it, on one line. */
  get said(): string {
    const attributes = [...this.#element.attributes].map(([key, value]) => ` ${key}='${value}'`).join("");
    const { text } = this.#element;
    return text === ""
      ? `<${this.name}${attributes}>`
      : `<${this.name}${attributes}>${text.slice(0, 60)}</${this.name}>`;
  }

  /** Puts every part that nobody asked for on the sheet. */
  dropRest(sheet: ImportSheet, reason: (path: string) => string, path = ""): void {
    for (const child of this.#children) {
      const below = path === "" ? child.name : `${path}/${child.name}`;
      if (child.#isAsked) child.dropRest(sheet, reason, below);
      else sheet.drop(child.said, reason(below));
    }
  }
}
