/** The clock that tests move by hand. */
export { VirtualClock as ManualClock } from "../../src/runtime/mod.ts";
