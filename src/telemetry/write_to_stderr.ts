/**
 * The default end of the log.
 *
 * @module
 */

const encoder = new TextEncoder();

/** How long a reader who does not read is waited for, in all and between two tries. */
const PATIENCE_MS = 100;
const PAUSE_MS = 5;

/**
 * Writes to standard error at once, from the main thread as from a worker without permissions. Logging must not
 * end the program: if nobody reads any more, or not in time, the rest of the text is dropped.
 */
export function writeToStderr(text: string): void {
  let rest = encoder.encode(text);
  for (let waitedMs = 0; rest.length > 0 && waitedMs <= PATIENCE_MS;) {
    try {
      rest = rest.subarray(Deno.stderr.writeSync(rest));
    } catch (error) {
      // Whoever shares the pipe with us may have made it non-blocking.
      if (!(error instanceof Deno.errors.WouldBlock)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      waitedMs += PAUSE_MS;
    }
  }
}
