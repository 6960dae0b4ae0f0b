import { CLOCK_TOLERANCE_MS } from "./_bucket_level.ts";
import type { AdaptiveState } from "./adaptive_state.ts";

/**
 * What adaptive control found, when the wall clock has been set back between two runs. Instants that lie ahead would
 * keep the group closed, and make it deaf to refusals, until the clock has come there again: all are moved by what the
 * last of them lies ahead, so that distances stay what they were.
 */
export function afterClockStep(state: AdaptiveState, nowMs: number): AdaptiveState {
  const aheadMs = Math.max(state.lastStartMs ?? 0, state.changedAtMs) - nowMs;
  if (aheadMs <= CLOCK_TOLERANCE_MS) return state;
  const moved = (instantMs: number | null) => instantMs === null ? null : instantMs - aheadMs;
  return {
    ...state,
    changedAtMs: state.changedAtMs - aheadMs,
    openAtMs: state.openAtMs - aheadMs,
    probeAtMs: state.probeAtMs - aheadMs,
    probeStartedAtMs: moved(state.probeStartedAtMs),
    lastStartMs: moved(state.lastStartMs),
    lastOkStartMs: moved(state.lastOkStartMs),
    beforeLastStartMs: moved(state.beforeLastStartMs),
    deliveredSinceMs: moved(state.deliveredSinceMs),
    fullAtMs: moved(state.fullAtMs),
  };
}
