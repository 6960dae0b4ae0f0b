import assert from "node:assert/strict";
import type { Artifact } from "../../../src/model/artifact.ts";
import type { ResolverAnswer } from "../../../src/model/resolver.ts";
import { tellingWalls } from "../../../src/pipeline/mod.ts";
import { loadPluginSources, openPlugins } from "../../../src/plugins/mod.ts";
import { SystemClock } from "../../../src/runtime/mod.ts";
import { ask, keepingLogger } from "../_opened.ts";

const RECORDINGS = new URL("../../../../shared/recordings/", import.meta.url);

/** One recorded answer. */
export interface Recording {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Entry {
  readonly file: string;
  readonly resolver: string;
  readonly status: number;
  readonly recorded_headers: Readonly<Record<string, string>>;
}

/** Every recorded answer of a provider by file, or `undefined` where there are no recordings. */
export async function recordingsOf(resolver: string): Promise<ReadonlyMap<string, Recording> | undefined> {
  let index: { readonly files: readonly Entry[] };
  try {
    index = JSON.parse(await Deno.readTextFile(new URL("index.json", RECORDINGS)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`skipped: there are no recordings of ${resolver} beside this checkout`);
    return undefined;
  }
  const entries = index.files.filter((entry) => entry.resolver === resolver);
  return new Map(
    await Promise.all(entries.map(async (entry) => {
      const body = await Deno.readTextFile(new URL(entry.file, RECORDINGS));
      return [entry.file, { status: entry.status, headers: entry.recorded_headers, body }] as const;
    })),
  );
}

/** How a provider of the test answers a request. */
export type Provider = (request: Request) => Response | Promise<Response>;

/** What a plugin came to, and what it asked. */
export interface Asked {
  readonly answer: ResolverAnswer;
  /** Path and query of each request. */
  readonly paths: readonly string[];
  readonly headers: readonly Headers[];
}

/** A first-party plugin that speaks with a provider on a real socket. */
export interface OpenProvider extends AsyncDisposable {
  /** Asks about a work; the requests are those since the last time. */
  ask(ids: Artifact["ids"], metadata?: Artifact["metadata"]): Promise<Asked>;
}

/** Opens one first-party plugin beside a server that answers as `provider`. */
export async function openProvider(
  name: string,
  provider: Provider,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<OpenProvider> {
  let paths: string[] = [];
  let headers: Headers[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    paths.push(pathname + search);
    headers.push(request.headers);
    return provider(request);
  });
  const { sources } = await loadPluginSources([]);
  const registry = await openPlugins({
    sources: sources.filter(({ file }) => file === `${name}.ts`),
    settingsOf: () => ({
      base_url: `http://127.0.0.1:${server.addr.port}`,
      ...(name === "arxiv" ? { pdf_base_url: "https://files.example" } : {}),
      ...settings,
    }),
    clock: new SystemClock(),
    logger: keepingLogger(),
  });
  return {
    async ask(ids, metadata) {
      [paths, headers] = [[], []];
      const [[kind, value] = ["doi", ""]] = Object.entries(ids);
      const artifact = { id: `${kind}:${value}`, ids, ...(metadata ? { metadata } : {}) };
      const answer = await ask(registry, name, fetchOverSockets, artifact);
      return { answer, paths, headers };
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

/** Opens a first-party plugin to ask it once. */
export async function askProvider(
  name: string,
  ids: Artifact["ids"],
  provider: Provider,
  settings: Readonly<Record<string, unknown>> = {},
  metadata?: Artifact["metadata"],
): Promise<Asked> {
  await using opened = await openProvider(name, provider, settings);
  return await opened.ask(ids, metadata);
}

/** Answers every request with `recording`. */
export function replaying({ status, headers, body }: Recording): Provider {
  const { "content-type": type, date } = headers;
  return () =>
    new Response(body, { status, headers: { ...(type && { "content-type": type }), ...(date && { date }) } });
}

/** What a found answer holds; fails if it is none. */
export function found(answer: ResolverAnswer): ResolverAnswer & { readonly type: "found" } {
  assert.ok(answer.type === "found", JSON.stringify(answer));
  return answer;
}

const fetchOverSockets = tellingWalls(async ({ url, headers }) => {
  const response = await fetch(url, headers ? { headers } : {});
  return {
    type: "response",
    response: {
      status: response.status,
      url: response.url,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    },
  };
});
