export * from "./backoff.ts";
export * from "./exchange.ts";
export * from "./job.ts";
export * from "./lane_book.ts";
export * from "./port.ts";
export * from "./route.ts";
export * from "./sqlite/sqlite_work_queue.ts";
