/**
 * What a guest may ask the worker to compute for it: pure functions of their arguments.
 *
 * @module
 */

import type { HtmlSummary, XmlElement } from "../api.ts";
import type { UrlParts } from "./guest_globals.ts";
import { readHtml, readXml } from "./markup.ts";
import type { Granted } from "./messages.ts";

const SETTABLE = [
  "href",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

/** Answers the question `op`; the answer survives `JSON.stringify`. Unknown questions and bad arguments give `null`. */
export function answerPure(op: string, args: readonly unknown[]): unknown {
  const text = String(args[0]);
  switch (op) {
    case "url-read": {
      const url = args[1] === null ? URL.parse(text) : URL.parse(text, String(args[1]));
      return url && partsOf(url);
    }
    case "url-set":
      return setPart(text, String(args[1]), String(args[2]));
    case "params-read":
      return [...new URLSearchParams(text)];
    case "params-write":
      return new URLSearchParams(args[0] as string[][]).toString(); // the guest's bridge sends pairs of strings
    case "utf8-encode":
      return binaryOf(new TextEncoder().encode(text));
    case "utf8-decode":
      return new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0)));
    case "atob":
    case "btoa":
      return orNull(() => op === "atob" ? atob(text) : btoa(text));
    default:
      return null;
  }
}

function setPart(href: string, part: string, value: string): UrlParts | null {
  const url = URL.parse(href);
  const name = SETTABLE.find((settable) => settable === part);
  if (!url || !name) return null;
  return orNull(() => {
    url[name] = value;
    return partsOf(url);
  });
}

function partsOf(url: URL): UrlParts {
  const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = url;
  return { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash };
}

function binaryOf(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return binary;
}

function orNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch {
    return null;
  }
}

/** Reads a document, or says why it cannot be read. */
export function answerMarkup(op: "html" | "xml", text: string): Granted<HtmlSummary | XmlElement> {
  try {
    return { value: op === "html" ? readHtml(text) : readXml(text) };
  } catch (thrown) {
    return { refused: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
