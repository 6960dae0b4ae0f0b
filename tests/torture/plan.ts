import type { Random } from "../../src/model/ports.ts";

/** What is done to a running process. */
export type Blow =
  /** SIGKILL: nothing in the process can react. */
  | "kill"
  /** SIGTERM: it may let running works end, and must give the others back. */
  | "terminate"
  /** SIGSTOP, and SIGCONT a moment later: its connections and timers go on without it. */
  | "stall"
  /** SIGSTOP until its leases have lapsed and another process has them; then SIGCONT. */
  | "outlast";

/** When and how a process is hit. */
export interface Hit {
  readonly blow: Blow;
  /** What the delay counts from. */
  readonly from: "start" | "first-request";
  readonly delayMs: number;
  /** For a stall, how long it lasts. */
  readonly stallMs: number;
}

const FROM_START_MAX_MS = 1500;
const FROM_REQUEST_MAX_MS = 700;
const STALL_MAX_MS = 1500;

/**
 * Draws what happens to a process next. The same seed gives the same sequence; what the process does meanwhile is up
 * to the machine.
 */
export function nextHit(random: Random): Hit {
  const kind = random.next();
  // Most in the middle of work, some while the program still starts: locks, migration, the taking over of leases.
  const from = random.next() < 0.8 ? "first-request" : "start";
  const spread = random.next();
  const stallMs = 100 + random.next() * STALL_MAX_MS;
  return {
    blow: kind < 0.7 ? "kill" : kind < 0.85 ? "terminate" : "stall",
    from,
    delayMs: spread * (from === "start" ? FROM_START_MAX_MS : FROM_REQUEST_MAX_MS),
    stallMs,
  };
}
