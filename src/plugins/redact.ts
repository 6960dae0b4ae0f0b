/**
 * Keeps secrets out of texts.
 *
 * @module
 */

/** Replaces every occurrence of a secret, as it is and as it stands in a URL, by three asterisks. */
export function redact(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of secrets) {
    if (secret === "") continue;
    for (
      const form of [
        secret,
        encodeURIComponent(secret),
        new URLSearchParams([["", secret]]).toString().slice(1),
      ]
    ) {
      redacted = redacted.replaceAll(form, "***");
    }
  }
  return redacted;
}
