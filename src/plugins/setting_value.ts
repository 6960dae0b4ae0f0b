/**
 * The values of settings.
 *
 * @module
 */

import type { SettingDeclaration } from "./api.ts";

/** The value of a setting. */
export type SettingValue = string | number | boolean;

/**
 * Reads a value as the type that a plugin declares.
 *
 * @param isText Whether numbers and booleans come as text, as in the environment. @default false
 * @returns The value, or what is wrong with it, such as `is not text`.
 */
export function readSettingValue(
  { type }: Pick<SettingDeclaration, "type">,
  given: unknown,
  isText = false,
): { readonly value: SettingValue } | { readonly problem: string } {
  switch (type) {
    case "string":
      return typeof given === "string" ? { value: given } : { problem: "is not text" };
    case "url": {
      const url = typeof given === "string" ? URL.parse(given) : null;
      if (typeof given !== "string" || !url || !/^https?:$/.test(url.protocol)) {
        return { problem: "is not an absolute http or https URL" };
      }
      if (url.username || url.password) return { problem: "must not hold a user name or password" };
      return { value: given.replace(/\/+$/, "") };
    }
    case "number": {
      const value = isText ? Number(given) : given;
      return typeof value === "number" && Number.isFinite(value) ? { value } : { problem: "is not a number" };
    }
    case "boolean": {
      const value = isText ? { true: true, false: false }[String(given)] : given;
      return typeof value === "boolean" ? { value } : { problem: "is not true or false" };
    }
  }
}
