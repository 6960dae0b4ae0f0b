/**
 * The configuration as the command line changes it.
 *
 * @module
 */

import type { FlagOverride, LoadedConfig } from "../config/mod.ts";
import type { CommandContext } from "./action.ts";
import { VERSION } from "./version.ts";

/** Options of single commands that stand above the configuration. */
export interface ConfigFlags {
  readonly workers?: number | undefined;
  readonly out?: string | undefined;
  readonly allowNet?: readonly string[] | undefined;
}

/**
 * Reads the configuration: defaults, file, environment, options, each above the one before.
 *
 * @throws {InputError} If it cannot be used; each line names a key.
 */
export async function configurationOf(
  { global, environment }: Pick<CommandContext, "global" | "environment">,
  flags: ConfigFlags = {},
): Promise<LoadedConfig> {
  const { loadConfig } = await import("../config/mod.ts");
  const overrides: readonly FlagOverride[] = [
    { flag: "--db", path: ["queue", "path"], value: global.db },
    {
      flag: "--log-level",
      path: ["telemetry", "log_level"],
      value: global.logLevel ?? (global.quiet ? "error" : undefined),
    },
    { flag: "--log-format", path: ["telemetry", "log_format"], value: global.logFormat },
    { flag: "--workers", path: ["orchestrator", "max_workers"], value: flags.workers },
    { flag: "--out", path: ["storage", "out"], value: flags.out },
    { flag: "--allow-net", path: ["network", "allow_net"], value: flags.allowNet },
  ];
  return await loadConfig({
    version: VERSION,
    file: global.config,
    flags: overrides,
    ...(environment === undefined ? {} : { env: environment }),
  });
}
