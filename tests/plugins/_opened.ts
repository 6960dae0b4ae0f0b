import type { Artifact } from "../../src/model/artifact.ts";
import type { LogFields, Logger } from "../../src/model/ports.ts";
import type { Resolver, ResolverAnswer, ResolverFetch } from "../../src/model/resolver.ts";
import {
  EMBEDDED_ORIGIN,
  openPlugins,
  type OpenPluginsOptions,
  type PluginRegistry,
  type PluginSource,
  pluginSourceOf,
} from "../../src/plugins/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";

/** A line that was logged. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines. */
export interface KeepingLogger extends Logger {
  readonly lines: readonly LogLine[];
}

/** A {@link KeepingLogger} without lines. */
export function keepingLogger(): KeepingLogger {
  const lines: LogLine[] = [];
  const keep = (level: keyof Logger) => (message: string, fields: LogFields = {}) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}

/** A plugin's source with `body` as its `resolve`, and `extra` fields. */
export function pluginText(name: string, body: string, extra = "", before = ""): string {
  return `${before}
export default {
  name: ${JSON.stringify(name)}, version: "1.0.0", hosts: ["api.example.org"], tier: 1, accepts: ["doi"],
  ${extra}
  async resolve(artifact, ctx) { ${body} },
};`;
}

/** A plugin that works. */
export const GOOD = pluginText(
  "good",
  `return { candidates: [{ url: "https://example.org/" + artifact.ids.doi, kind: "pdf" }] };`,
);

/** A source as read from a directory. */
export function external(file: string, text: string): Promise<PluginSource> {
  return pluginSourceOf(file, "/plugins", text);
}

/** Opens plugins from their texts, by file name, each with a worker of its own. */
export async function openTexts(
  texts: Readonly<Record<string, string>>,
  options: Partial<OpenPluginsOptions> = {},
): Promise<PluginRegistry> {
  const sources = await Promise.all(Object.entries(texts).map(([file, text]) => external(file, text)));
  return await openPlugins({
    sources,
    settingsOf: () => undefined,
    clock: new SystemClock(),
    logger: keepingLogger(),
    ...options,
  });
}

/** Opens plugins from their texts, by file name, all in one worker. */
export async function openShared(
  texts: Readonly<Record<string, string>>,
  options: Partial<OpenPluginsOptions> = {},
): Promise<PluginRegistry> {
  const sources = Object.entries(texts).map(([file, text]) => pluginSourceOf(file, EMBEDDED_ORIGIN, text));
  return await openTexts({}, { ...options, sources: await Promise.all(sources) });
}

/** The resolver of that name. */
export function resolverOf(registry: PluginRegistry, name: string): Resolver {
  const found = registry.resolvers.find((resolver) => resolver.name === name);
  if (!found) throw new Error(`No resolver "${name}"; broken: ${JSON.stringify(registry.broken)}`);
  return found;
}

/** The work that most tests ask about. */
export const ARTIFACT: Artifact = { id: "doi:10.1234/a", ids: { doi: "10.1234/a" } };

/** A fetch that answers 200 with `body`. */
export function answering(body: string, headers: Readonly<Record<string, string>> = {}): ResolverFetch {
  return ({ url }) => Promise.resolve({ type: "response", response: { status: 200, url, headers, body } });
}

/** Asks a resolver about {@link ARTIFACT}. */
export function ask(
  registry: PluginRegistry,
  name: string,
  fetch: ResolverFetch = answering("{}"),
  artifact: Artifact = ARTIFACT,
): Promise<ResolverAnswer> {
  return resolverOf(registry, name).resolve(artifact, new AbortController().signal, fetch);
}

/** The detail of an answer that must have failed as the resolver's fault. */
export function failureOf(answer: ResolverAnswer): string {
  if (answer.type !== "failed" || answer.reason !== "resolver-failed") {
    throw new Error(`Not a failure of the resolver: ${JSON.stringify(answer).slice(0, 500)}`);
  }
  return answer.detail;
}
