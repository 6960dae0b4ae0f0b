/**
 * The worker that guests live in, as the host sees it: started here, or by another thread on the host's behalf.
 *
 * @module
 */

// `permissions` of a worker is not in the stable type library yet.
/// <reference lib="deno.unstable" />

/** A worker that runs `guest_worker.ts`, wherever it was started. */
export interface GuestHost {
  /** Sends a message to it. */
  post(message: unknown): void;
  /** Ends it, whatever it is busy with. */
  terminate(): void;
}

/** What a host is told of its worker. */
export interface GuestHostEvents {
  /** A message came. */
  onMessage(data: unknown): void;
  /** The worker failed; it says nothing more. */
  onFailure(text: string): void;
}

/** Starts a worker for guests. */
export type OpenGuestHost = (events: GuestHostEvents) => GuestHost;

/** Starts the worker as a child of this thread, with no permission at all. */
export function startGuestWorker(): Worker {
  return new Worker(new URL("./guest_worker.ts", import.meta.url), {
    type: "module",
    name: "plugin-sandbox",
    deno: { permissions: "none" },
  });
}

/** Starts a worker that this thread talks to directly. */
export const openGuestHost: OpenGuestHost = (events) => {
  const worker = startGuestWorker();
  worker.onmessage = ({ data }: MessageEvent<unknown>) => events.onMessage(data);
  worker.onerror = (event) => {
    // Without this an error inside the worker would end the whole process.
    event.preventDefault();
    events.onFailure(event.message);
  };
  return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() };
};
