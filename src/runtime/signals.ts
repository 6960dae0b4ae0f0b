/**
 * The signals that a person or a service manager sends.
 *
 * @module
 */

/** The signals that ask the program to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

/**
 * Calls `handler` for each request to stop, with how many came so far, this one included: the first asks for a
 * graceful stop, a second one for an immediate one. While the registration stands, these signals no longer end
 * the process. On Windows, which has no SIGTERM, Ctrl+Break stands for it.
 *
 * @returns The registration; disposing it restores the system's handling.
 */
export function onStopSignals(handler: (signal: StopSignal, count: number) => void): Disposable {
  let count = 0;
  const handle = (signal: StopSignal) => handler(signal, ++count);
  const listeners = new DisposableStack();
  listeners.use(listen("SIGINT", () => handle("SIGINT")));
  listeners.use(listen(Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM", () => handle("SIGTERM")));
  return listeners;
}

/**
 * Calls `handler` for each SIGHUP, which asks a service to read its configuration again. On Windows it stands for
 * the closing of the console, so there nothing is registered.
 *
 * @returns The registration; disposing it restores the system's handling.
 */
export function onHangup(handler: () => void): Disposable {
  return Deno.build.os === "windows" ? new DisposableStack() : listen("SIGHUP", handler);
}

function listen(signal: Deno.Signal, handler: () => void): Disposable {
  Deno.addSignalListener(signal, handler);
  return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, handler) };
}
