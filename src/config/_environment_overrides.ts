import { InputError } from "../model/errors.ts";
import { pathOfVariable } from "./environment.ts";
import { expectationOf, nodeAt } from "./key_tree.ts";
import type { Override } from "./_overrides.ts";

/** What the environment's variables set, each read as its key demands. */
export function overridesOf(variables: Readonly<Record<string, string>>): Override[] {
  return Object.entries(variables).flatMap(([variable, text]) => {
    const path = text === "" ? undefined : pathOfVariable(variable);
    return path === undefined ? [] : [{ path, value: valueOf(text, path, variable), from: variable }];
  });
}

/** Text as a value of the type that `path` has; what does not fit is left for the schema to refuse. */
function valueOf(text: string, path: readonly string[], variable: string): unknown {
  const node = nodeAt(path);
  switch (node?.type) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "integer":
    case "number":
      return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case "array":
      return text.trimStart().startsWith("[")
        ? parseJson(text, variable, expectationOf(node))
        : text.split(",").map((item) => item.trim()).filter((item) => item !== "");
    case "object":
      return parseJson(text, variable, expectationOf(node));
    default:
      return text;
  }
}

function parseJson(text: string, variable: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(
      `Cannot read configuration: ${variable} is ${JSON.stringify(text)}, which is not ${expected} in JSON`,
      { cause: error },
    );
  }
}
