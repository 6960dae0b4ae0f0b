/**
 * What a plugin says about itself.
 *
 * @module
 */

import { z } from "zod";
import { ID_KINDS, type IdKind } from "../model/identifier.ts";
import type { LimitCase, PluginLimits, RefusalSign, SettingsDeclaration } from "./api.ts";
import { limitsSchema } from "./limits.ts";
import { readSettingValue } from "./setting_value.ts";
import { describeIssue } from "./validation.ts";

/** A plugin's manifest, validated. */
export interface PluginManifest {
  /** The operator's name for it, and that of its limit group. */
  readonly name: string;
  /** Its own version. */
  readonly version: string;
  /** Hosts that it may ask. */
  readonly hosts: readonly string[];
  /** Lower tiers are asked first. */
  readonly tier: number;
  /** The kinds of ids that it can start from. */
  readonly accepts: readonly IdKind[];
  /** What its provider allows. */
  readonly limits: PluginLimits | readonly LimitCase[];
  /** Hosts whose downloads count in its limit group too. */
  readonly sharedHosts: readonly string[];
  /** Answers by which its provider says that a limit is reached. */
  readonly refusals: readonly RefusalSign[];
  /** The settings that it declares. */
  readonly settings: SettingsDeclaration;
}

/** Settings of every resolver, understood by the host. */
export const RESERVED_SETTINGS = ["enabled", "tier", "limits"] as const;

/** Names end up as keys of objects: one that every object has would be found where the operator gave nothing. */
const name = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, {
  error: "must be in snake case, at most 64 characters",
}).refine((text) => !(text in {}), { error: "must not be a name that every object has" });
const host = z.string().max(300).regex(
  /^(?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?)$/,
  {
    error: (issue) =>
      `is "${
        String(issue.input).slice(0, 100)
      }", which is no host such as "api.example.org", "*.example.org" or "*"`,
  },
);

const setting = z.strictObject({
  type: z.enum(["string", "number", "boolean", "url"]),
  description: z.string().max(500).optional(),
  required: z.boolean().optional(),
  secret: z.boolean().optional(),
  env: z.string().regex(/^[A-Z_][A-Z0-9_]*$/, { error: "must be the name of an environment variable" })
    .optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
}).superRefine(({ type, default: value }, context) => {
  const read = value === undefined ? {} : readSettingValue({ type }, value);
  if ("problem" in read) context.addIssue(`has a default that ${read.problem}`);
});

const settings = z.record(name, setting).refine(
  (declared) => RESERVED_SETTINGS.every((reserved) => !Object.hasOwn(declared, reserved)),
  { error: `must not declare ${RESERVED_SETTINGS.join(", ")}: these belong to the host` },
);

const manifest = z.object({
  name,
  version: z.string().min(1).max(64),
  hosts: z.array(host).max(100),
  tier: z.number().int().min(0).max(99),
  accepts: z.array(z.enum(ID_KINDS)).min(1).max(ID_KINDS.length),
  limits: limitsSchema.default({}),
  sharedHosts: z.array(host).max(100).default([]),
  refusals: z.array(z.strictObject({
    status: z.number().int().min(400).max(599),
    bodyIncludes: z.string().min(1).max(200).optional(),
  })).max(20).default([]),
  settings: settings.default({}),
});

/**
 * Validates what a plugin exports as its manifest; other fields of the plugin are its own.
 *
 * @returns The manifest, or a sentence that says what is wrong.
 */
export function readManifest(exported: unknown): PluginManifest | { readonly problem: string } {
  const read = manifest.safeParse(exported);
  if (!read.success) return { problem: describeIssue(read.error) };
  // zod marks an absent optional field as possibly `undefined`; after JSON none is.
  const valid = JSON.parse(JSON.stringify(read.data)) as PluginManifest;
  for (const one of Array.isArray(valid.limits) ? valid.limits as readonly LimitCase[] : []) {
    const unknown = one.when?.find((name) => !Object.hasOwn(valid.settings, name));
    if (unknown !== undefined) return { problem: `limits name "${unknown}", which is no setting of it` };
  }
  return valid;
}

/** Variables of the program's own that set no configuration key: those have two underscores, and may hold others' secrets. */
const PROGRAM_VARIABLE = /^CONTENTDOWNLOAD_(?!.*__)./;

/**
 * Says what is wrong if a plugin that is not the program's own names an environment variable that may be somebody
 * else's: it would get whatever secret that holds.
 */
export function foreignVariable({ name, settings }: PluginManifest): string | undefined {
  const prefix = `${name.toUpperCase()}_`;
  for (const [setting, { env }] of Object.entries(settings)) {
    if (env === undefined || env.startsWith(prefix) || PROGRAM_VARIABLE.test(env)) continue;
    return `settings.${setting}.env is "${env}": it must begin with "${prefix}" or "CONTENTDOWNLOAD_", ` +
      `and after the latter hold no two underscores in a row`;
  }
  return undefined;
}
