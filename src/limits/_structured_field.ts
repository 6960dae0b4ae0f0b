/**
 * As much of RFC 9651 (structured fields) as the drafts on rate limit fields use, read leniently: servers write
 * all stages of the drafts, and many write none of them exactly.
 *
 * @module
 */

/** One member of a list: its bare value and its parameters, names in lower case. */
export interface FieldItem {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A member of a list, or a parameter of one: anything without the separator, or a string that may hold it. */
const MEMBER = /(?:"(?:[^"\\]|\\.)*"|[^,"])+/g;
const PART = /(?:"(?:[^"\\]|\\.)*"|[^;"])+/g;

/**
 * Reads a list such as `"default";q=100;w=10, "burst";q=5;w=1`, or `limit=100, remaining=50`. What cannot be
 * read is left out.
 */
export function parseFieldList(text: string): readonly FieldItem[] {
  return (text.match(MEMBER) ?? []).map((member) => {
    const [value = "", ...parameters] = (member.match(PART) ?? []).map((part) => part.trim());
    return { value: unquote(value), parameters: new Map(parameters.flatMap(keyAndValue)) };
  });
}

/** Splits `name=value`; gives nothing where there is no such pair. */
export function keyAndValue(pair: string): readonly (readonly [string, string])[] {
  const at = pair.indexOf("=");
  return at < 1 ? [] : [[pair.slice(0, at).trim().toLowerCase(), unquote(pair.slice(at + 1).trim())]];
}

function unquote(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, "$1") : text;
}
