/**
 * Reads HTML and XML for plugins. Runs inside the sandbox worker, so that a document made to hurt the parser
 * meets no privilege and the worker's time limit.
 *
 * @module
 */

import { Parser } from "htmlparser2";
import type { HtmlSummary, XmlElement } from "../api.ts";

/** What is kept of one page, in characters and counting each attribute as some more; citation lists stay below. */
const MAX_PAGE_CHARS = 256 * 1024;
const ATTRIBUTE_COST_CHARS = 16;
const MAX_BASE_CHARS = 4_096;
/** What is kept of one document. */
const MAX_XML_CHARS = 2 * 1024 * 1024;
/** Depth and number of elements of one XML document. */
const MAX_XML_DEPTH = 100;
const MAX_XML_ELEMENTS = 50_000;

/**
 * A parser that keeps no stack of open elements, which nobody here asks for. The one of htmlparser2 costs time by
 * the square of the depth: measured, 200,000 unclosed `<div>` took seven seconds.
 */
class FlatParser extends Parser {
  protected override isVoidElement(): boolean {
    return true;
  }
}

/** Reads `<meta>`, `<link>` and `<base>`; never throws, whatever the page looks like. */
export function readHtml(text: string): HtmlSummary {
  const meta: Record<string, string>[] = [];
  const links: Record<string, string>[] = [];
  let base: string | undefined;
  let room = MAX_PAGE_CHARS;
  const keep = (kept: Record<string, string>[], attributes: Record<string, string>) => {
    room -= sizeOf(attributes);
    if (room >= 0) kept.push(attributes);
  };
  const parser = new FlatParser({
    onopentag(name, attributes) {
      if (name === "meta") keep(meta, attributes);
      else if (name === "link") keep(links, attributes);
      // HTML §4.2.3: only the first base element with an href counts.
      else if (name === "base") base ??= attributes["href"]?.slice(0, MAX_BASE_CHARS);
    },
  });
  parser.end(text);
  return base === undefined ? { meta, links } : { meta, links, base };
}

function sizeOf(attributes: Record<string, string>): number {
  let size = ATTRIBUTE_COST_CHARS;
  for (const [name, value] of Object.entries(attributes)) {
    size += name.length + value.length + ATTRIBUTE_COST_CHARS;
  }
  return size;
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  text: string;
  readonly children: OpenElement[];
}

/**
 * Reads an XML document into a tree. Entities other than the predefined ones are not expanded.
 *
 * @throws {SyntaxError} If it has no root element, or is deeper or larger than is sane.
 */
export function readXml(text: string): XmlElement {
  const stack: OpenElement[] = [];
  let root: OpenElement | undefined;
  let count = 0;
  let room = MAX_XML_CHARS;
  const take = (chars: number) => {
    room -= chars;
    if (room < 0) {
      throw new SyntaxError(`Cannot read the XML: it has more than ${MAX_XML_CHARS} characters of content`);
    }
  };
  const parser = new Parser({
    onopentag(name, attributes) {
      if (++count > MAX_XML_ELEMENTS) {
        throw new SyntaxError(`Cannot read the XML: it has more than ${MAX_XML_ELEMENTS} elements`);
      }
      if (stack.length >= MAX_XML_DEPTH) {
        throw new SyntaxError(`Cannot read the XML: it is deeper than ${MAX_XML_DEPTH} levels`);
      }
      take(name.length + sizeOf(attributes));
      const element: OpenElement = { name, attributes, text: "", children: [] };
      stack.at(-1)?.children.push(element);
      root ??= element;
      stack.push(element);
    },
    ontext(data) {
      const open = stack.at(-1);
      if (!open) return;
      take(data.length);
      open.text += data;
    },
    onclosetag() {
      const closed = stack.pop();
      if (closed) closed.text = closed.text.trim();
    },
  }, { xmlMode: true });
  parser.end(text);
  if (!root) throw new SyntaxError("Cannot read the XML: it has no root element");
  return root;
}
