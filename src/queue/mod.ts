export * from "./backoff.ts";
export * from "./lane_book.ts";
export * from "./port.ts";
export * from "./sqlite/sqlite_work_queue.ts";
