/**
 * Time, chance and signals: the only room that touches the real ones.
 *
 * @module
 */

export { SeededRandom } from "./seeded_random.ts";
export { onHangup, onStopSignals, type StopSignal } from "./signals.ts";
export { SystemClock } from "./system_clock.ts";
export { SystemRandom } from "./system_random.ts";
export { VirtualClock } from "./virtual_clock.ts";
