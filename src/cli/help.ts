/**
 * The parts that every help text ends with.
 *
 * @module
 */

import { lineBreak, type Message, text } from "@optique/core/message";

/** The meaning of exit codes where a command only reads or writes the queue. */
export const PLAIN_EXIT_CODES = ["0  done", "1  the program failed", "2  bad usage, configuration or input"];

/** The meaning of exit codes where artifacts are worked on. */
export const RUN_EXIT_CODES = [
  ...PLAIN_EXIT_CODES,
  "3  finished, but some artifacts ended in error",
  "130, 143  stopped by SIGINT or SIGTERM",
];

/** Examples, one line each, and exit codes, as a command's footer. */
export function footer(
  examples: readonly string[],
  exitCodes: readonly string[] = PLAIN_EXIT_CODES,
): Message {
  return [
    ...block("Examples:", examples),
    lineBreak(),
    lineBreak(),
    ...block("Exit codes:", exitCodes),
  ];
}

function block(title: string, lines: readonly string[]): Message {
  return [text(title), ...lines.flatMap((line) => [lineBreak(), text(`  ${line}`)])];
}
