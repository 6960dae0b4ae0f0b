import type { Artifact, Candidate } from "../../src/model/artifact.ts";
import type { IdKind } from "../../src/model/identifier.ts";
import type { Closed, Permit, PermitSource } from "../../src/model/permit.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import type { Resolver, ResolverAnswer } from "../../src/model/resolver.ts";
import { createHttpClient, createResolverFetch, createUrlPolicy } from "../../src/http/mod.ts";
import {
  createDownload,
  FileStore,
  type PipelineContext,
  type PipelineEnd,
  type PipelineJob,
  processArtifact,
} from "../../src/pipeline/mod.ts";
import type { DownloadOptions } from "../../src/pipeline/downloaded.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { makeOutDir } from "./_out_dir.ts";
import { makePdf } from "./_pdf.ts";

/** Grants everything but what a test has closed. */
export class Gates implements PermitSource {
  readonly closed = new Map<string, Closed>();
  readonly refused: string[] = [];

  /** Closes a group until `until`. */
  close(group: string, until: number): void {
    this.closed.set(group, { type: "closed", group, until, why: "cool-down" });
  }

  acquire(groups: readonly string[]): Promise<Permit | Closed> {
    for (const group of groups) {
      const closed = this.closed.get(group);
      if (!closed) continue;
      this.refused.push(group);
      return Promise.resolve(closed);
    }
    return Promise.resolve({ type: "permit", groups, depart() {}, report() {}, [Symbol.dispose]() {} });
  }
}

/** A host on loopback, and what it was asked. */
export interface Host extends AsyncDisposable {
  readonly url: string;
  /** The name of its limit group. */
  readonly group: string;
  /** Paths, in the order of the requests. */
  readonly paths: string[];
  /** Their fields. */
  readonly fields: Headers[];
}

/** Serves `answers` by path; 404 for others. A list is used up from its front, its last one staying. */
export function startHost(
  answers: Readonly<Record<string, Answering | readonly Answering[]>>,
): Host {
  const left = new Map(Object.entries(answers).map(([path, all]) => [path, [all].flat()]));
  const paths: string[] = [];
  const fields: Headers[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    paths.push(pathname);
    fields.push(new Headers(request.headers));
    const queue = left.get(pathname);
    const answer = queue && queue.length > 1 ? queue.shift() : queue?.[0];
    return answer ? await answer(request) : new Response("no such page", { status: 404 });
  });
  const { port } = server.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    group: `host:127.0.0.1:${port}`,
    paths,
    fields,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Answers one request. */
export type Answering = (request: Request) => Response | Promise<Response>;

/** A good file. */
export const pdf = (bytes = 4_000, headers: Record<string, string> = {}): Answering => () =>
  new Response(bodyOf(makePdf(bytes)), { headers: { "content-type": "application/pdf", ...headers } });

/** A bare status. */
export const status = (code: number, headers: Record<string, string> = {}, text = ""): Answering => () =>
  new Response(text, { status: code, headers });

/** A page. */
export const page = (html: string, code = 200): Answering => () =>
  new Response(html, { status: code, headers: { "content-type": "text/html" } });

/** Bytes as a body: `Response` takes no view whose buffer may be shared. */
export function bodyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** A resolver, and what it was asked. */
export type { Resolver } from "../../src/model/resolver.ts";

export interface Asked extends Resolver {
  readonly asked: Artifact[];
}

/** A resolver that answers as told; a list is used up from its front, its last one staying. */
export function resolver(
  name: string,
  answers: ResolverAnswer | readonly ResolverAnswer[],
  { tier = 1, accepts = ["doi"] }: { readonly tier?: number; readonly accepts?: readonly IdKind[] } = {},
): Asked {
  const left = [answers].flat();
  const asked: Artifact[] = [];
  return {
    name,
    tier,
    accepts,
    group: name,
    asked,
    resolve(artifact) {
      asked.push(structuredClone(artifact));
      const answer = left.length > 1 ? left.shift() : left[0];
      if (!answer) throw new TypeError("no answer");
      return Promise.resolve(answer);
    },
  };
}

/** An answer with candidates. */
export function found(
  candidates: readonly (Partial<Candidate> & { readonly url: string })[] = [],
  more: Partial<Extract<ResolverAnswer, { type: "found" }>> = {},
): ResolverAnswer {
  const all = candidates.map((candidate): Candidate => ({
    kind: "pdf",
    resolver: "of the answer",
    version: "published",
    license: null,
    ...candidate,
  }));
  return { type: "found", candidates: all, ids: {}, ...more };
}

/** An answer that a group is closed. */
export function closedUntil(until: number, group = "api"): Closed {
  return { type: "closed", group, until, why: "cool-down" };
}

/** An answer that a resolver failed. */
export function failed(reason: "timeout" | "http-4xx" = "timeout"): ResolverAnswer {
  return { type: "failed", reason, detail: "as told" };
}

/** The way of one artifact over real sockets into a directory of its own. */
export interface Rig extends AsyncDisposable {
  readonly outDir: string;
  readonly store: FileStore;
  readonly clock: ManualClock;
  readonly gates: Gates;
  /** The job's next lease; the cursor of the one before is not handed on by itself. */
  run(
    resolvers: readonly Resolver[],
    job?: Partial<PipelineJob>,
    context?: Partial<PipelineContext>,
  ): Promise<PipelineEnd>;
}

/** Makes a rig. The artifact is `doi:10.1234/abc` unless a job says otherwise. */
export async function openRig(
  { maxBytes, robots }: { readonly maxBytes?: number; readonly robots?: DownloadOptions["robots"] } = {},
): Promise<Rig> {
  const out = await makeOutDir();
  const outDir = out.path;
  const clock = new ManualClock(1_700_000_000_000);
  const store = new FileStore(outDir);
  const gates = new Gates();
  const client = createHttpClient({
    clock,
    logger: silentLogger,
    meter: silentMeter,
    policy: createUrlPolicy({ allowPrivate: ["127.0.0.0/8"] }),
    userAgent: "test/1.0",
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  let leases = 0;
  return {
    outDir,
    store,
    clock,
    gates,
    run: (resolvers, job = {}, context = {}) =>
      processArtifact(
        {
          artifactId: "doi:10.1234/abc",
          metadata: null,
          attempts: 0,
          cursor: null,
          owner: `test-1-${++leases}`,
          mayResume: true,
          ...job,
        },
        {
          permits: gates,
          signal: new AbortController().signal,
          confirm: () => Promise.resolve(true),
          ...context,
        },
        {
          resolvers,
          fetchFor: ({ group }, permits, signal) =>
            createResolverFetch({ client, permits, signal, groupsOf: () => [group] }),
          download: createDownload({ client, store, outDir, robots }),
          store,
          clock,
          logger: silentLogger,
        },
      ),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await out[Symbol.asyncDispose]();
    },
  };
}

/** The record of an end that must have one. */
export function recordOf(end: PipelineEnd) {
  if (end.type !== "finished" && end.type !== "failed") throw new TypeError(`it ended as ${end.type}`);
  return end.record;
}

/** The cursor of an end that must have one. */
export function cursorOf(end: PipelineEnd): string {
  if (end.type === "finished") throw new TypeError("it is finished");
  return end.cursor;
}
