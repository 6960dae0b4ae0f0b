/**
 * What crosses between the host and the sandbox worker. Values made by a plugin cross as JSON text only.
 *
 * The worker handles one message at a time, in order, and acknowledges each by its `seq` when it is through with
 * it, so the oldest unacknowledged message is the one that a worker which does not react is busy with.
 *
 * @module
 */

import { z } from "zod";
import type { ResolverResponse } from "../../model/resolver.ts";
import type { SandboxBounds } from "./bounds.ts";
import { BOUNDS_BROKEN } from "./bounds.ts";

/** From the host to the worker. */
export type ToWorker =
  & { readonly seq: number; readonly plugin: string }
  & (
    /** Make a guest of this source and give its manifest. */
    | {
      readonly type: "load";
      readonly file: string;
      readonly source: string;
      readonly bounds: SandboxBounds;
    }
    /** Call `resolve`; `input` is JSON of `[artifact, settings]`. */
    | { readonly type: "call"; readonly call: number; readonly input: string }
    /** Settle a fetch; `result` is JSON of a {@link FetchSettlement}. The body enters the guest only if it is read. */
    | {
      readonly type: "settle";
      readonly call: number;
      readonly fetch: number;
      readonly result: string;
      readonly body: string;
    }
    /** Forget a call. */
    | { readonly type: "drop"; readonly call: number }
    /** Throw the guest away. */
    | { readonly type: "unload" }
  );

/** How a fetch of a plugin ends inside the guest. */
export type FetchSettlement =
  | Omit<ResolverResponse, "body">
  | { readonly refused: string };

/** What a guest is told that asked for something that can be refused. */
export type Granted<Value> = { readonly value: Value } | { readonly refused: string };

const guestError = z.object({
  name: z.string(),
  message: z.string(),
  line: z.number().int().positive().optional(),
  column: z.number().int().positive().optional(),
});

/** Something that a plugin threw, reduced to text; the place is that of the source as the author wrote it. */
export type GuestError = z.output<typeof guestError>;

const plugin = z.string();
const call = z.number().int();

const fromWorker = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("done-with"), seq: z.number().int() }),
  /** Comes before any code of the plugin runs. */
  z.object({ type: z.literal("memory"), plugin, memory: z.instanceof(WebAssembly.Memory) }),
  z.object({ type: z.literal("loaded"), plugin, manifest: z.string() }),
  z.object({ type: z.literal("not-loaded"), plugin, error: guestError }),
  z.object({ type: z.literal("fetch"), plugin, call, fetch: z.number().int(), request: z.string() }),
  z.object({
    type: z.literal("log"),
    plugin,
    call,
    level: z.enum(["debug", "info", "warn", "error"]),
    text: z.string(),
  }),
  z.object({ type: z.literal("answered"), plugin, call, answer: z.string() }),
  z.object({ type: z.literal("threw"), plugin, call, error: guestError }),
  z.object({ type: z.literal("broke"), plugin, bound: z.enum(BOUNDS_BROKEN), detail: z.string() }),
]);

/** From the worker to the host. */
export type FromWorker = z.output<typeof fromWorker>;

/** Reads a message of the worker; one that is none gives `undefined`. */
export function readFromWorker(data: unknown): FromWorker | undefined {
  const read = fromWorker.safeParse(data);
  return read.success ? read.data : undefined;
}
