/**
 * Moves jobs: what runs, when, and how it stops.
 *
 * @module
 */

export { type Dispatch, Dispatcher, type NeedsOf, type Ways } from "./dispatcher.ts";
export type { JobContext, JobEnd, ProcessJob, Unleased } from "./job.ts";
export { Orchestrator, type OrchestratorOptions, type RunEnd } from "./orchestrator.ts";
export { Pump, type PumpOptions } from "./pump.ts";
export { type JobResult, runOne, type RunOneOptions } from "./run_one.ts";
