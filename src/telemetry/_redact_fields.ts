import { messageOf } from "../model/errors.ts";
import type { LogFields } from "../model/ports.ts";
import { isSecretName, REDACTED, redactQuery } from "../model/secret.ts";

/** Nothing that is worth logging lies deeper; a cycle ends here too. */
const MAX_DEPTH = 6;

/** A copy of `fields` for the log: without secrets, and with errors as their texts. */
export function redactFields(fields: LogFields): Record<string, unknown> {
  return redactObject(fields, 1);
}

function redactObject(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, redactValue(name, value, depth)]),
  );
}

function redactValue(name: string, value: unknown, depth: number): unknown {
  if (typeof value === "string") return isSecretName(name) ? REDACTED : redactQuery(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return redactQuery(messageOf(value));
  if (value instanceof URL) return redactQuery(value.href);
  if (depth === MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.map((item) => redactValue(name, item, depth + 1));
  return redactObject(value, depth + 1);
}
