/**
 * `plugins list`, once its arguments are read.
 *
 * @module
 */

import { formatRate } from "../../model/rate.ts";
import { type BrokenPlugin, EMBEDDED_ORIGIN, type PluginFile, type PluginInfo } from "../../plugins/mod.ts";
import type { CommandContext } from "../action.ts";
import type { EngineFlags } from "../engine_start.ts";
import { EXIT } from "../exit_code.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { formatTable } from "../render/table.ts";
import { openRegistry } from "./open_registry.ts";

/** What is asked of the list. */
export interface ListRequest extends EngineFlags {
  readonly format: "text" | "json";
}

/** Prints the plugins; gives the exit code. */
export async function listPlugins(request: ListRequest, context: CommandContext): Promise<number> {
  await using registry = await openRegistry(context, request);
  const { plugins, broken } = registry;
  const { stdout } = context;
  await stdout.write(
    request.format === "json"
      ? jsonLine({ plugins: plugins.map(pluginJson), broken })
      : pluginsText(plugins, broken, stdout.columns),
  );
  return EXIT.done;
}

function pluginJson(info: PluginInfo): Record<string, unknown> {
  const { manifest, file, replaced, enabled, unusable, tier, hosts, settings, limits } = info;
  return {
    name: manifest.name,
    version: manifest.version,
    tier,
    accepts: manifest.accepts,
    hosts,
    origin: file.origin,
    file: file.file,
    sha256: file.sha256,
    enabled,
    usable: enabled && unusable === undefined,
    problem: unusable ?? null,
    replaced: replaced.map(placeOf),
    limits: {
      concurrency: limits.concurrency ?? null,
      rates: limits.rates.map(formatRate),
      daily_budget: limits.dailyBudget ?? null,
    },
    settings,
  };
}

function pluginsText(
  plugins: readonly PluginInfo[],
  broken: readonly BrokenPlugin[],
  maxColumns: number | null,
): string {
  const columns = [
    { title: "NAME" },
    { title: "VERSION" },
    { title: "TIER", align: "right" as const },
    { title: "ACCEPTS" },
    { title: "HOSTS" },
    { title: "FROM" },
    { title: "STATE" },
  ];
  const rows = plugins.map(({ manifest, tier, hosts, file, enabled, unusable }) => [
    manifest.name,
    manifest.version,
    String(tier),
    manifest.accepts.join(" "),
    hosts.join(" "),
    placeOf(file),
    enabled ? unusable === undefined ? "ready" : "unusable" : "disabled",
  ]);
  // What is wrong needs whole sentences, which no column has room for.
  const notes = plugins.flatMap(({ manifest, unusable, replaced, file }) => [
    ...(unusable === undefined ? [] : [unusable]),
    ...replaced.map((other) => `${manifest.name}: ${placeOf(file)} replaces ${placeOf(other)}`),
  ]);
  const lines = [...notes, ...broken.map(({ problem }) => problem)].map((line) => `${printable(line)}\n`);
  return formatTable(columns, rows, maxColumns) + (lines.length > 0 ? `\n${lines.join("")}` : "");
}

function placeOf({ origin, file }: PluginFile): string {
  return origin === EMBEDDED_ORIGIN ? EMBEDDED_ORIGIN : `${origin}/${file}`;
}
