/**
 * The confined engine: everything that touches the network, in a worker that holds only what its command needs.
 *
 * @module
 */

export { type EngineRun, startEngine } from "./confine.ts";
export { checkPluginNames } from "./plugin_names.ts";
export type { EngineCommand, EngineEnd, EngineEvent, EngineStart } from "./protocol.ts";
