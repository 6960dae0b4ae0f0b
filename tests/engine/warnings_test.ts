import { deepEqual, equal, match } from "node:assert/strict";
import { warnOfOldSqlite } from "../../src/engine/warnings.ts";
import { silentLogger } from "../../src/model/ports.ts";

Deno.test("warnOfOldSqlite() warns once where only one process may write, and of nothing else", () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  warnOfOldSqlite({ unsafeSqlite: null }, logger);
  deepEqual(warnings, []);
  warnOfOldSqlite({ unsafeSqlite: "3.50.4" }, logger);
  equal(warnings.length, 1);
  match(
    warnings[0] ?? "",
    /^SQLite 3\.50\.4 can lose commits .*: let no other command write while this one runs$/,
  );
});
