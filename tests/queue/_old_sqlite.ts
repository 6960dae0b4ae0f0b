import { DatabaseSync } from "node:sqlite";

/** Opens a queue with a SQLite that says it is older. */
export function withOldSqlite<T>(open: () => T): T {
  const { prototype } = DatabaseSync;
  const { prepare } = prototype;
  prototype.prepare = function (sql) {
    return prepare.call(this, sql.replace("sqlite_version()", "'3.50.4'"));
  };
  try {
    return open();
  } finally {
    prototype.prepare = prepare;
  }
}
