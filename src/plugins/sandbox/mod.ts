/**
 * Runs plugins where they can do nothing but compute.
 *
 * @module
 */

export { type BoundBroken, DEFAULT_BOUNDS, type SandboxBounds } from "./bounds.ts";
export { type GuestHost, type GuestHostEvents, type OpenGuestHost, startGuestWorker } from "./guest_host.ts";
export type { GuestError } from "./messages.ts";
export {
  type CallEnd,
  type CallRequest,
  type FetchResult,
  type LoadEnd,
  type Lost,
  type RunningCall,
  Sandbox,
  type SandboxOptions,
} from "./sandbox.ts";
