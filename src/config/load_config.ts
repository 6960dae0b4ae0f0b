/**
 * Loading of the configuration.
 *
 * @module
 */

import { InputError, messageOf } from "../model/errors.ts";
import type { Config } from "./config.ts";
import { listConfigVariables, readEnvironment, variableOf } from "./environment.ts";
import type { ConfigDocument } from "./_document.ts";
import { applyOverrides, type Override } from "./_overrides.ts";

/** The file that is read, if it is there, when none is named. */
export const DEFAULT_CONFIG_FILE = "contentdownload.yaml";

/** A value that the command line gives for a key. */
export interface FlagOverride {
  /** The option as it was typed, such as `--workers`, for errors. */
  readonly flag: string;
  /** The key's path, such as `["orchestrator", "max_workers"]`. */
  readonly path: readonly string[];
  /** Its value; `undefined` if the option was not given. */
  readonly value: unknown;
}

/** Options of {@linkcode loadConfig}. */
export interface LoadConfigOptions {
  /** The program's version, for the default `network.user_agent`. */
  readonly version: string;
  /** The file; it must exist. @default "contentdownload.yaml", if it exists */
  readonly file?: string | undefined;
  /** What stands above file and environment. @default [] */
  readonly flags?: readonly FlagOverride[];
  /** Variables by name. @default the process's, as far as they may be read */
  readonly env?: Readonly<Record<string, string>>;
}

/** A configuration and where it came from. */
export interface LoadedConfig {
  /** What holds. */
  readonly config: Config;
  /** Where values came from, besides the defaults. */
  readonly sources: {
    /** The file that was read; `null` for none. */
    readonly file: string | null;
    /** Names of the variables that set a key. */
    readonly environment: readonly string[];
    /** The options that set a key. */
    readonly flags: readonly string[];
  };
}

/**
 * Loads the configuration: defaults, over them the file, over it the environment, over that the flags. A list
 * replaces the one below it; groups of keys are merged. Relative paths stay as they are, relative to the current
 * directory as on the command line, wherever the file lies.
 *
 * @throws {InputError} If the file cannot be read or any key or value is wrong: one line for each fault, with
 * the file, line and column, the variable or the flag that it came from.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  // The schema and its library take longer to load than `--help` may take to answer.
  const { configSchema } = await import("./schema.ts");
  const { file, document } = await readDocument(options.file);
  const fromEnvironment = await overridesOfEnvironment(options.env ?? await readConfigVariables());
  const fromFlags = overridesOfFlags(options.flags ?? []);
  const overrides = [...fromEnvironment, ...fromFlags];

  const given = applyOverrides(document?.value ?? {}, overrides);
  const parsed = configSchema.safeParse(given);
  if (!parsed.success) {
    const { describeProblems } = await import("./_problems.ts");
    throw new InputError(
      describeProblems(parsed.error.issues, given, { file, document, overrides }).join("\n"),
    );
  }
  const { contact, network } = parsed.data;
  return {
    config: {
      ...parsed.data,
      network: {
        ...network,
        user_agent: network.user_agent ?? defaultUserAgent(options.version, contact.email),
      },
    },
    sources: {
      file,
      environment: fromEnvironment.map(({ from }) => from),
      flags: fromFlags.map(({ from }) => from),
    },
  };
}

/** The form that operators of APIs ask for: who, which version, whom to write to. */
function defaultUserAgent(version: string, email: string | undefined): string {
  return `contentdownload/${version}${email === undefined ? "" : ` (+mailto:${email})`}`;
}

/** Where variables may not be listed, those of the keys that are known are looked for by name. */
async function readConfigVariables(): Promise<Record<string, string>> {
  const names = listConfigVariables();
  if (names !== null) return readEnvironment(names);
  const { leaves } = await import("./key_tree.ts");
  return readEnvironment([...leaves()].map(({ path }) => variableOf(path)));
}

async function overridesOfEnvironment(variables: Readonly<Record<string, string>>): Promise<Override[]> {
  // The tree of keys takes 10 ms to build.
  if (Object.keys(variables).length === 0) return [];
  return (await import("./_environment_overrides.ts")).overridesOf(variables);
}

function overridesOfFlags(flags: readonly FlagOverride[]): Override[] {
  return flags.filter(({ value }) => value !== undefined).map(({ flag, path, value }) => ({
    path,
    value,
    from: flag,
  }));
}

async function readDocument(
  named: string | undefined,
): Promise<{ file: string | null; document: ConfigDocument | null }> {
  const file = named ?? DEFAULT_CONFIG_FILE;
  try {
    const text = await Deno.readTextFile(file);
    const { parseConfigDocument } = await import("./_document.ts");
    return { file, document: parseConfigDocument(text, file) };
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof Deno.errors.NotFound && named === undefined) return { file: null, document: null };
    // A permission that is missing, for the file or for a variable that the parser asks for, is named with its flag.
    const why = error instanceof Deno.errors.NotFound
      ? "is not there"
      : `cannot be read: ${messageOf(error)}`;
    throw new InputError(`Cannot read configuration: the file "${file}" ${why}`, { cause: error });
  }
}
