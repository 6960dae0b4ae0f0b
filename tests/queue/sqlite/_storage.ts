/**
 * Databases for tests.
 *
 * @module
 */

import type { RetryPolicy } from "../../../src/queue/mod.ts";
import { SqliteWorkQueue } from "../../../src/queue/mod.ts";
import { SystemClock, SystemRandom } from "../../../src/runtime/mod.ts";
import type { Backend } from "../../conformance/work_queue.ts";

/** A directory that goes with its holder. */
export interface Directory extends AsyncDisposable {
  readonly path: string;
}

/** Makes a directory. */
export async function makeDirectory(): Promise<Directory> {
  const path = await Deno.makeTempDir({ prefix: "queue-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Database files. */
export const fileBackend: Backend = {
  shared: true,
  async make() {
    const directory = await makeDirectory();
    return {
      open: (ports) => new SqliteWorkQueue({ path: `${directory.path}/queue.sqlite`, ...ports }),
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
};

/** Databases in memory. */
export const memoryBackend: Backend = {
  shared: false,
  make: () =>
    Promise.resolve({
      open: (ports) => new SqliteWorkQueue({ path: ":memory:", ...ports }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

/** Opens a queue that lives in real time. */
export function openReal(
  path: string,
  options: { readonly busyTimeoutMs?: number; readonly create?: boolean; readonly retry?: RetryPolicy } = {},
): SqliteWorkQueue {
  const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
  return new SqliteWorkQueue({
    path,
    clock: new SystemClock(),
    random: new SystemRandom(),
    retry,
    ...options,
  });
}
