/**
 * Starts the engine in a worker, with no more permissions than its command needs. Deno enforces them, in `deno run`
 * and in a compiled program alike.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import type { Config } from "../config/mod.ts";
import { FatalError, InputError, messageOf } from "../model/errors.ts";
import { GuestWorkerPool } from "./guest_workers.ts";
import type { QueueStats } from "../queue/mod.ts";
import type { EngineEnd, EngineEvent, EngineStart, FromEngine, ToEngine } from "./protocol.ts";

/** A running engine. Disposal ends it at once. */
export interface EngineRun extends Disposable {
  /**
   * Settles when the engine has ended.
   *
   * @throws {InputError} If what it was given cannot be used.
   * @throws {FatalError} If it cannot go on.
   */
  readonly ended: Promise<{ readonly end: EngineEnd; readonly stats: QueueStats | null }>;
  /** Leases nothing more, lets running jobs end within `deadlineMs`, and gives the rest back. */
  stop(deadlineMs: number): void;
  /** Takes over the limits of a changed configuration. */
  reload(config: Config): void;
}

/** The program's own modules: a worker inside the engine is loaded with the engine's right to read. */
const PROGRAM = dirname(import.meta.dirname ?? ".");

/**
 * What the engine may do: reach the hosts of `network.allow_net` (all that this process may, if that is empty), read
 * and write the queue's directory and the output directory, and read the program itself. No environment, process,
 * native code, system facts or remote imports.
 */
export function permissionsOf(config: Config): Deno.PermissionOptionsObject {
  const data = [dirname(resolve(config.queue.path)), resolve(config.storage.out)];
  return {
    net: config.network.allow_net.length > 0 ? [...config.network.allow_net] : "inherit",
    read: [...data, PROGRAM],
    write: data,
    env: false,
    run: false,
    ffi: false,
    sys: false,
    import: false,
  };
}

/**
 * Starts the engine.
 *
 * @param onEvent Told of what happens in it.
 * @throws {InputError} If this process lacks a permission that the engine needs; the message names Deno's flag.
 */
export function startEngine(start: EngineStart, onEvent: (event: EngineEvent) => void): EngineRun {
  const ended = Promise.withResolvers<{ end: EngineEnd; stats: QueueStats | null }>();
  if (start.command.type !== "probe") requireNetwork();
  makeDirectories(start.config);
  const worker = openWorker(start.config);
  const tell = (message: ToEngine) => worker.postMessage(message);
  const guests = new GuestWorkerPool(tell);
  const end = () => {
    worker.terminate();
    guests[Symbol.dispose]();
  };
  // What is posted before the worker listens is lost: it says when it is ready.
  let toldReady: ToEngine[] | null = [{ type: "start", start }];
  const tellWhenReady = (message: ToEngine) => toldReady ? void toldReady.push(message) : tell(message);
  worker.onmessage = ({ data, ports: [port] }: MessageEvent<FromEngine>) => {
    switch (data.type) {
      case "ready":
        for (const message of toldReady ?? []) tell(message);
        toldReady = null;
        return;
      case "open-guest":
        return port && void guests.open(data.id, port);
      case "close-guest":
        return guests.close(data.id);
      case "event":
        return onEvent(data.event);
      case "ended":
        return ended.resolve({ end: data.end, stats: data.stats });
      case "failed":
        return ended.reject(errorOf(data));
    }
  };
  worker.onerror = (event) => {
    // Otherwise the error would end this process without a word of ours.
    event.preventDefault();
    ended.reject(new Error(`the engine failed: ${event.message}`));
  };
  return {
    ended: ended.promise.finally(end),
    stop: (deadlineMs) => tellWhenReady({ type: "stop", deadlineMs }),
    reload: (config) => tellWhenReady({ type: "reload", config }),
    [Symbol.dispose]: end,
  };
}

function openWorker(config: Config): Worker {
  const permissions = permissionsOf(config);
  try {
    const options: WorkerOptions = { type: "module", name: "engine", deno: { permissions } };
    return new Worker(new URL("./worker.ts", import.meta.url), options);
  } catch (error) {
    // Deno reads the hosts when it makes the worker.
    if (error instanceof URIError || error instanceof TypeError) {
      throw new InputError(`Cannot use network.allow_net: ${messageOf(error)}`, { cause: error });
    }
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const lacks = lacksOf(permissions).join(" and ") || messageOf(error);
    throw new InputError(`Cannot start: this process may do less than the command needs: ${lacks}`, {
      cause: error,
    });
  }
}

/** An engine that inherits "no host at all" starts well, and then spends every job on hosts that it may not reach. */
function requireNetwork(): void {
  if (statusOf({ name: "net" }).state !== "denied") return;
  throw new InputError(
    "Cannot start: this process may reach no host (--deny-net forbids it; leave it out, and name with --allow-net " +
      "the hosts that may be reached)",
  );
}

/** Which of these permissions this process lacks, and the flag of Deno that decides on each. */
function lacksOf({ net, read, write }: Deno.PermissionOptionsObject): string[] {
  const wanted: Deno.PermissionDescriptor[] = [
    ...(Array.isArray(net) ? net.map((host) => ({ name: "net", host: String(host) }) as const) : []),
    ...(Array.isArray(read) ? read.map((path) => ({ name: "read", path }) as const) : []),
    ...(Array.isArray(write) ? write.map((path) => ({ name: "write", path }) as const) : []),
  ];
  return wanted.flatMap((descriptor) => {
    const what = descriptor.name === "net" ? descriptor.host : "path" in descriptor ? descriptor.path : "";
    const { state, partial } = statusOf(descriptor);
    if (state === "granted" && !partial) return [];
    const verb = descriptor.name === "net" ? "reach" : descriptor.name;
    const mend = state === "prompt"
      ? `allow it with --allow-${descriptor.name}=${what}`
      : `--deny-${descriptor.name} forbids it`;
    return [`it may not ${verb} ${partial ? "all of " : ""}"${what}" (${mend})`];
  });
}

function statusOf(descriptor: Deno.PermissionDescriptor): Pick<Deno.PermissionStatus, "state" | "partial"> {
  try {
    return Deno.permissions.querySync(descriptor);
  } catch {
    // A worker can be given hosts such as "*.example.org", but nobody can ask about them.
    return { state: "prompt", partial: false };
  }
}

/** Made here, since the engine may write inside its directories but not beside them. */
function makeDirectories(config: Config): void {
  for (const directory of [dirname(resolve(config.queue.path)), resolve(config.storage.out)]) {
    try {
      Deno.mkdirSync(directory, { recursive: true });
    } catch (error) {
      throw new InputError(`Cannot make the directory "${directory}": ${messageOf(error)}`, { cause: error });
    }
  }
}

function errorOf({ kind, message }: Extract<FromEngine, { type: "failed" }>): Error {
  switch (kind) {
    case "input":
      return new InputError(message);
    case "fatal":
      return new FatalError(message);
    case "defect":
      return new Error(message);
  }
}
