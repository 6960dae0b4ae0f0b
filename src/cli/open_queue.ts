/**
 * The queue that the global options and the configuration name.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Config } from "../config/mod.ts";
import type { WorkQueue } from "../queue/mod.ts";
import type { CommandContext } from "./action.ts";
import { configurationOf } from "./configuration.ts";
import { explainFileError } from "./file_error.ts";

/**
 * Opens the queue.
 *
 * @param options.create Whether a missing file, and its directory, is made; else it is refused.
 * @param options.config The configuration where it was read already. @default what the options and the file say now
 */
export async function openQueue(
  context: CommandContext,
  options: { readonly create: boolean; readonly config?: Config },
): Promise<WorkQueue> {
  const [{ SqliteWorkQueue }, config] = await Promise.all([
    import("../queue/mod.ts"),
    options.config ?? configurationOf(context).then((loaded) => loaded.config),
  ]);
  const { path } = config.queue;
  if (options.create) makeDirectory(dirname(path));
  return new SqliteWorkQueue({
    path,
    clock: context.clock,
    random: context.random,
    busyTimeoutMs: config.queue.timeout_sec * 1000,
    retry: {
      maxAttempts: config.orchestrator.max_job_attempts,
      backoffMs: config.orchestrator.retry_backoff_seconds * 1000,
      jitterMs: config.orchestrator.jitter_seconds * 1000,
    },
    create: options.create,
  });
}

function makeDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw explainFileError(error, "write", path);
  }
}
