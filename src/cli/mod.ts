/**
 * The command line.
 *
 * @module
 */

export { main } from "./main.ts";
export { type Surroundings, systemSurroundings } from "./surroundings.ts";
export { Sink, type SinkTarget } from "./sink.ts";
