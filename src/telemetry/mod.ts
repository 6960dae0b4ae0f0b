/**
 * What the program tells of itself: log and metrics, behind the ports of the model.
 *
 * @module
 */

export { createLogger, type LogFormat, type LoggerOptions, type LogLevel } from "./create_logger.ts";
export { createMeter } from "./create_meter.ts";
export { writeToStderr } from "./write_to_stderr.ts";
