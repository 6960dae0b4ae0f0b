import { equal, match, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { FatalError, InputError } from "../../../src/model/errors.ts";
import { SqliteWorkQueue } from "../../../src/queue/mod.ts";
import { explainSqliteError } from "../../../src/queue/sqlite/sqlite_error.ts";
import { VirtualClock } from "../../../src/runtime/mod.ts";
import { always, jobs } from "../_jobs.ts";

function thrown(errcode: number, message: string): Error {
  return Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });
}

Deno.test("explainSqliteError() calls a disk full that has no room for the log's index", () => {
  // SQLITE_IOERR_SHMSIZE, as on a full tmpfs: nothing was written yet, and the text says "disk I/O error".
  const { message } = explainSqliteError(thrown(4874, "disk I/O error"), "q.sqlite");
  match(message, /the disk is full; free some space/);
});

Deno.test("explainSqliteError() calls other I/O errors what they are", () => {
  // SQLITE_IOERR_FSYNC
  const { message } = explainSqliteError(thrown(1034, "disk I/O error"), "q.sqlite");
  match(message, /the disk answered with an error/);
});

Deno.test("explainSqliteError() leaves what is explained, and names a permission that is missing", () => {
  const explained = new FatalError("Cannot write queue: the database or disk is full");
  equal(explainSqliteError(explained, "q.sqlite"), explained);
  const denied = explainSqliteError(new Deno.errors.NotCapable("Requires read access"), "q.sqlite");
  equal(denied instanceof InputError, true);
  equal(denied.message, 'Cannot open queue "q.sqlite": Requires read access');
});

Deno.test("a queue whose schema version was overwritten is called damaged", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/queue.sqlite`;
    const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
    const open = () => new SqliteWorkQueue({ path, clock: new VirtualClock(), random: always(0), retry });
    {
      using queue = open();
      await queue.enqueue(jobs(1));
    }
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 0");
    database.close();
    throws(open, (error) => {
      equal(error instanceof FatalError, true);
      match(String(error), /the database is damaged; restore it from a copy/);
      return true;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
