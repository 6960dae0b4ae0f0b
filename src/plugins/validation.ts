/**
 * Puts what a validation found into words.
 *
 * @module
 */

import type { z } from "zod";

/** One sentence for the first issue: the field's path, what it is and what it should be. */
export function describeIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) return "it is invalid";
  const path = issue.path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("")
    .slice(1);
  if (issue.code === "unrecognized_keys") {
    return `${path ? `${path} has` : "it has"} the unknown field "${issue.keys[0] ?? ""}"`;
  }
  const message = issue.message.replace(/^Invalid input: /, "");
  return `${path || "it"} ${/^(is|has|must) /.test(message) ? message : `is invalid: ${message}`}`;
}
