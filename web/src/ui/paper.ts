/**
 * A document to draw on without a browser, and to be read as HTML: as much of the DOM as Preact's render uses. For the build, which
 * puts the first screens into the pages; no part of the client.
 */
import { type ComponentChild, options, render } from "preact";

// What is to be done after the drawing is a browser's: no frame follows.
options.requestAnimationFrame = () => {};

const VOID = /^(input|br|hr|img|link|meta)$/;
const plain = (s: string): string =>
  s.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

class Leaf {
  parentNode: Sheet | null = null;
  get nextSibling(): Leaf | null {
    const all: readonly Leaf[] = this.parentNode?.childNodes ?? [];
    return all[all.indexOf(this) + 1] ?? null;
  }
  remove(): void {
    const all: Leaf[] | undefined = this.parentNode?.childNodes;
    if (all) all.splice(all.indexOf(this), 1);
    this.parentNode = null;
  }
}

class Words extends Leaf {
  readonly nodeType = 3;
  constructor(public data: string) {
    super();
  }
  html(): string {
    return plain(this.data);
  }
}

/** An element. Whatever is set on it is an attribute: it has no properties of its own that an element in a browser has. */
class Sheet extends Leaf {
  readonly nodeType = 1;
  readonly childNodes: (Words | Sheet)[] = [];
  private readonly set = new Map<string, string>();
  constructor(
    readonly ownerDocument: Paper,
    readonly namespaceURI: string,
    readonly localName: string,
  ) {
    super();
  }
  get firstChild(): Leaf | null {
    return this.childNodes[0] ?? null;
  }
  insertBefore(child: Words | Sheet, before: Leaf | null): void {
    child.remove();
    const at = before ? this.childNodes.indexOf(before as Words | Sheet) : this.childNodes.length;
    if (at < 0) throw new Error("paper: put before what is not here");
    this.childNodes.splice(at, 0, child);
    child.parentNode = this;
  }
  /** true is how Preact says that an attribute is there. */
  setAttribute(name: string, value: unknown): void {
    this.set.set(name, value === true ? "" : String(value));
  }
  removeAttribute(name: string): void {
    this.set.delete(name);
  }
  addEventListener(): void {} // nobody presses anything here
  inside(): string {
    return this.childNodes.map((c) => c.html()).join("");
  }
  html(): string {
    const attributes = [...this.set].map(([name, value]) =>
      value === "" ? ` ${name}` : ` ${name}="${plain(value).replace(/"/g, "&quot;")}"`,
    );
    const head = `<${this.localName}${attributes.join("")}>`;
    return VOID.test(this.localName) ? head : `${head}${this.inside()}</${this.localName}>`;
  }
}

class Paper {
  createElementNS(namespace: string, name: string): Sheet {
    return new Sheet(this, namespace, name);
  }
  createTextNode(text: string): Words {
    return new Words(text);
  }
}

/** What Preact makes of these, one after the other in the same place, as HTML. What has been drawn is gone afterwards. */
export function drawn(...trees: ComponentChild[]): string {
  const paper = new Paper().createElementNS("http://www.w3.org/1999/xhtml", "div");
  const root = paper as unknown as HTMLElement;
  for (const tree of trees) render(tree, root);
  const html = paper.inside();
  render(null, root);
  return html;
}
