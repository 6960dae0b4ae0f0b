/**
 * Text from elsewhere, made harmless for a terminal.
 *
 * @module
 */

/** Control characters, line separators, and the marks and embeddings that turn the direction of writing (UAX #9). */
const OBEYED =
  // deno-lint-ignore no-control-regex -- these are what it is about
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Escapes what a terminal would obey instead of showing: control characters, and the marks that turn the direction of
 * writing. File names and servers' messages may hold any.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** {@linkcode printable} for JSON text, in JSON's own escapes: whoever reads it gets the same value. */
export function printableJson(json: string): string {
  return json.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
