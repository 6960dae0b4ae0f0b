import { Buffer } from "node:buffer";
import { writePdf } from "../../fixtures/pdf.ts";

/** A valid PDF of exactly `bytes`, at least 2,000. */
export function makePdf(bytes = 4_000): Uint8Array {
  return writePdf({ seed: "a work", bytes });
}

/** The opening of a linearized file: its dictionary, first page and the end marker that closes the first page. */
export function makeLinearized(
  bytes: number,
): { readonly whole: Uint8Array; readonly firstPart: Uint8Array } {
  const first =
    `%PDF-1.7\n1 0 obj\n<< /Linearized 1 /L ${bytes} /H [ 500 30 ] /O 3 /E 700 /N 1 /T 900 >>\nendobj\n` +
    "xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 5 /Root 2 0 R >>\nstartxref\n0\n%%EOF\n";
  const last = "\nstartxref\n120\n%%EOF\n";
  const whole = first + "x".repeat(bytes - first.length - last.length) + last;
  return { whole: bytesOf(whole), firstPart: bytesOf(first) };
}

/** `file` with `pattern` replaced, byte for byte. */
export function replaced(file: Uint8Array, pattern: RegExp, replacement: string): Uint8Array {
  return new Uint8Array(
    Buffer.from(Buffer.from(file).toString("latin1").replace(pattern, replacement), "latin1"),
  );
}

/** ASCII text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Joined bytes. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
