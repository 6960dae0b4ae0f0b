/**
 * Learns what a plugin says about itself.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import { foreignVariable, type PluginManifest, readManifest } from "./manifest.ts";
import { EMBEDDED_ORIGIN, type PluginSource } from "./plugin_source.ts";
import { DEFAULT_BOUNDS, Sandbox, type SandboxBounds } from "./sandbox/mod.ts";

/** What is wrong with a plugin, and where in its file. */
export interface PluginProblem {
  /** One sentence. */
  readonly message: string;
  /** From 1, where it is known. */
  readonly line?: number;
  /** From 1, where it is known. */
  readonly column?: number;
}

/** Names a plugin's guest before its own name is known. */
export function guestKeyOf({ origin, file }: Pick<PluginSource, "origin" | "file">): string {
  return `${origin}/${file}`;
}

/** Evaluates a plugin in `sandbox`, without any call, and reads its manifest; its guest stays loaded. */
export async function describePlugin(
  sandbox: Sandbox,
  source: PluginSource,
  bounds: SandboxBounds,
): Promise<PluginManifest | PluginProblem> {
  const chars = source.source.length;
  if (chars > bounds.sourceChars) {
    return { message: `it has ${chars} characters where ${bounds.sourceChars} are allowed` };
  }
  const end = await sandbox.load(guestKeyOf(source), source.file, source.source);
  switch (end.type) {
    case "loaded": {
      const manifest = readManifest(end.manifest);
      if ("problem" in manifest) return { message: manifest.problem };
      const foreign = source.origin === EMBEDDED_ORIGIN ? undefined : foreignVariable(manifest);
      return foreign === undefined ? manifest : { message: foreign };
    }
    case "not-loaded": {
      const { name, message, line, column } = end.error;
      return {
        // What a plugin throws is one line here: a second one could pass for the program's own words.
        message: (name ? `${name}: ${message}` : message).replaceAll(/\s*[\r\n\u2028\u2029]\s*/g, " "),
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
      };
    }
    case "lost":
      return { message: end.detail };
  }
}

/** What {@link checkPlugin} found: without problems the plugin can be used. */
export interface PluginCheck {
  /** What the plugin says about itself; absent if there is a problem. */
  readonly manifest?: PluginManifest;
  /** What is wrong with it. */
  readonly problems: readonly PluginProblem[];
}

/**
 * Checks a plugin file for its author: evaluates it in a sandbox of its own, without network, and validates its
 * manifest.
 */
export async function checkPlugin(
  source: PluginSource,
  options: { readonly clock: Clock; readonly bounds?: Partial<SandboxBounds> },
): Promise<PluginCheck> {
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  using sandbox = new Sandbox({ clock: options.clock, bounds, onBroke() {} });
  const described = await describePlugin(sandbox, source, bounds);
  return "message" in described ? { problems: [described] } : { manifest: described, problems: [] };
}

/** One sentence about a plugin's problem that names its file and line. */
export function sentenceOf(source: PluginSource, { message, line }: PluginProblem): string {
  return `Cannot use plugin "${source.file}"${line === undefined ? "" : `, line ${line}`}: ${message}`;
}
