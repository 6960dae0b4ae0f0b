/**
 * What an operator should know at the start of a run.
 *
 * @module
 */

import type { Logger } from "../model/ports.ts";
import type { PluginRegistry } from "../plugins/mod.ts";
import type { SqliteWorkQueue } from "../queue/mod.ts";

/** Without a resolver that misses a setting, works count as not open that it knows an open copy of. */
export function warnOfUnusable({ plugins }: PluginRegistry, logger: Logger): void {
  for (const { enabled, unusable } of plugins) {
    if (enabled && unusable !== undefined) logger.warn(unusable);
  }
}

/** A second run is refused with an old SQLite; commands that write for a moment are the operator's to judge. */
export function warnOfOldSqlite(
  { unsafeSqlite }: Pick<SqliteWorkQueue, "unsafeSqlite">,
  logger: Logger,
): void {
  if (unsafeSqlite === null) return;
  logger.warn(
    `SQLite ${unsafeSqlite} can lose commits when several processes write to one database (fixed in 3.51.3): ` +
      "let no other command write while this one runs",
  );
}
