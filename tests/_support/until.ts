/** A generous deadline: it only bounds how long a failed test takes. */
const DEADLINE_MS = 60_000;

/** Between two looks at a condition that nothing announces. */
const LOOK_MS = 5;

/**
 * Waits until `condition` holds.
 *
 * @param what Says in the error what did not come about.
 * @param withinMs How long it may take. @default a minute
 * @throws {Error} If it did not come about in time, or what `condition` throws.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs: number = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}`);
    await pause(LOOK_MS);
  }
}

/** Waits `ms` milliseconds, or until `signal` is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
