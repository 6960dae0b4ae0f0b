/**
 * Text from elsewhere, made harmless for a terminal.
 *
 * @module
 */

/**
 * Escapes what a terminal would obey instead of showing: control characters, and the marks that turn the direction of
 * writing. File names and servers' messages may hold any.
 */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- these are what it is about
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, "0")}`
        : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
}
