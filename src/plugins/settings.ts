/**
 * Brings together what a plugin declares and what the operator gave.
 *
 * @module
 */

import type { SettingDeclaration } from "./api.ts";
import { type PluginManifest, RESERVED_SETTINGS } from "./manifest.ts";
import { nearest } from "../model/nearest.ts";
import { readSettingValue, type SettingValue } from "./setting_value.ts";
import { isBaseUrlName } from "./shared_hosts.ts";

/** Where settings come from. */
export interface SettingSources {
  /** `resolvers.<name>` of the configuration, as it stands there. */
  readonly configured: Readonly<Record<string, unknown>>;
  /** Values that plugins share, by setting: `email` from `contact.email`. */
  readonly common: Readonly<Record<string, SettingValue>>;
  /** Environment variables by name. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The settings in force for one plugin. */
export interface ResolvedSettings {
  readonly enabled: boolean;
  /** The operator's, else the plugin's. */
  readonly tier: number;
  /** The plugin's own. */
  readonly values: Readonly<Record<string, SettingValue>>;
  /** Values that must not be shown. */
  readonly secrets: readonly string[];
  /** What is wrong with what the operator gave: each names its key and what would be right. */
  readonly problems: readonly string[];
  /** What is wrong with what came from the environment: the operator may not have meant it for this plugin. */
  readonly misfits: readonly string[];
  /** Required settings without a value. */
  readonly missing: readonly string[];
}

/** Resolves the settings of a plugin: environment before configuration before common value before default. */
export function resolveSettings(manifest: PluginManifest, sources: SettingSources): ResolvedSettings {
  const { configured, common, environment } = sources;
  const problems: string[] = [];
  const refuse = (key: string, why: string) =>
    problems.push(`Cannot use resolvers.${manifest.name}.${key}: ${why}`);

  const known = [...RESERVED_SETTINGS, ...Object.keys(manifest.settings)];
  for (const key of Object.keys(configured)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    refuse(
      key,
      `it is no setting of this resolver${
        near ? `; did you mean "${near}"?` : `, which has ${known.join(", ")}`
      }`,
    );
  }

  const { enabled = true, tier = manifest.tier } = configured;
  if (typeof enabled !== "boolean") refuse("enabled", `${show(enabled)} is not true or false`);
  const tierIsValid = typeof tier === "number" && Number.isInteger(tier) && tier >= 0 && tier <= 99;
  if (!tierIsValid) refuse("tier", `${show(tier)} is not a whole number from 0 to 99`);

  const values: Record<string, SettingValue> = {};
  const secrets: string[] = [];
  const missing: string[] = [];
  const misfits: string[] = [];
  for (const [key, declared] of Object.entries(manifest.settings)) {
    const fromEnvironment = declared.env === undefined ? undefined : environment[declared.env] || undefined;
    const given = fromEnvironment ?? configured[key] ?? commonFor(declared, common[key]) ?? declared.default;
    if (given === undefined) {
      if (declared.required) missing.push(key);
      continue;
    }
    const read = readSettingValue(declared, given, fromEnvironment !== undefined);
    if ("problem" in read) {
      const shown = declared.secret ? "its value" : show(given);
      if (fromEnvironment === undefined) refuse(key, `${shown} ${read.problem}`);
      else {
        const place = `resolvers.${manifest.name}.${key}: in the environment variable ${declared.env}`;
        misfits.push(`Cannot use ${place}, ${shown} ${read.problem}`);
      }
      continue;
    }
    values[key] = read.value;
    if (declared.secret && read.value !== "") secrets.push(String(read.value));
  }
  return {
    enabled: enabled !== false,
    tier: tierIsValid ? tier : manifest.tier,
    values,
    secrets,
    problems,
    misfits,
    missing,
  };
}

/** Whether a setting names an origin of the provider. */
export function isBaseUrl(name: string, declared: SettingDeclaration): boolean {
  return declared.type === "url" && isBaseUrlName(name);
}

/** A common value where it suits: the operator did not mean it for this plugin, so it is no mistake where it does not. */
function commonFor(
  declared: SettingDeclaration,
  value: SettingValue | undefined,
): SettingValue | undefined {
  return "value" in readSettingValue(declared, value) ? value : undefined;
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? String(value);
}
