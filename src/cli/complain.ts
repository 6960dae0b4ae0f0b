/**
 * Words to the operator, beside the results.
 *
 * @module
 */

import { printable } from "./render/printable.ts";
import type { Sink } from "./sink.ts";

/** The program's name. */
export const PROGRAM = "contentdownload";

/**
 * Writes `text` to standard error, each line after the program's name. That nobody is there to read it is no failure:
 * the exit code still tells.
 */
export async function complain(stderr: Sink, text: string): Promise<void> {
  const lines = text.split("\n").map((line) => `${PROGRAM}: ${printable(line)}\n`);
  await stderr.write(lines.join("")).catch(() => {});
}
