/**
 * Tells live processes from dead ones: each holds an exclusive `flock` on a file of its own beside the database,
 * which the kernel gives up when the process dies, however it dies. So what a killed process had leased is taken
 * back as soon as somebody looks, without waiting for its leases to lapse. A stopped process (SIGSTOP) keeps its
 * lock and its leases.
 *
 * @module
 */

import type { Clock } from "../../model/ports.ts";

/**
 * How long a lock that is free may take to be granted where Deno (before 2.9) cannot try without waiting. With 50 ms one of
 * forty starts after a kill, on two busy cores, took the dead process for alive and was refused.
 */
const GRANT_WITHIN_MS = 1_000;

/** A lock that is held until it is disposed of. */
export interface ProcessLock extends Disposable {
  readonly path: string;
}

/** Takes the lock of a worker id of this process; nobody else ever wants it, so there is nothing to wait for. */
export function lockProcess(database: string, workerId: string): ProcessLock {
  const path = pathOf(database, workerId);
  const file = Deno.openSync(path, { create: true, write: true, read: true });
  file.lockSync(true);
  return {
    path,
    [Symbol.dispose]() {
      file.close();
      removeQuietly(path);
    },
  };
}

/** Whether the process of a worker id is gone. */
export async function isDead(database: string, workerId: string, clock: Clock): Promise<boolean> {
  const path = pathOf(database, workerId);
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
  const free = await tryLock(file, clock);
  file.close();
  if (free) removeQuietly(path);
  return free;
}

async function tryLock(file: Deno.FsFile, clock: Clock): Promise<boolean> {
  // At once: what happens next must not depend on how long a thread of the platform takes.
  if ("tryLockSync" in file) return file.tryLockSync(true);
  // @ts-ignore Deno before 2.9 has no tryLockSync: a lock that is not granted soon is held by a live process.
  const granted: Promise<boolean> = file.lock(true).then(() => true, () => false);
  const late = Promise.withResolvers<boolean>();
  using _timer = clock.setTimer(GRANT_WITHIN_MS, () => late.resolve(false));
  return await Promise.race([granted, late.promise]);
}

function pathOf(database: string, workerId: string): string {
  return `${database}-worker-${workerId}.lock`;
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Another process may have removed it first; a left-over empty file does no harm.
  }
}
