import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { type Exit, PROGRAM_KIND } from "../_support/program.ts";
import { Workspace } from "../_support/workspace.ts";

/** One line, from the program and to the point, and nothing on standard output. */
function complains({ code, stdout, stderr }: Exit, expectedCode: number, pattern: RegExp): void {
  equal(code, expectedCode, stderr);
  match(stderr, pattern);
  match(stderr, /^contentdownload: [^\n]+\n$/);
  equal(stdout, "");
}

const LINES = 30;

/** A list whose line 17 is broken. */
function brokenList(): string {
  return Array.from({ length: LINES }, (_, index) => {
    return index === 16 ? `{"doi": "10.1234/broken` : JSON.stringify({ doi: `10.1234/work.${index}` });
  }).join("\n") + "\n";
}

Deno.test(`bad input ${PROGRAM_KIND}`, async (t) => {
  await using web = await startLittleWeb();

  await t.step("a list that is missing is named", async () => {
    await using workspace = await Workspace.open(web);
    complains(await workspace.run(["queue", "import", "absent.jsonl"]), 2, /"absent\.jsonl".*no such file/);
  });

  await t.step("a broken line is named by its number, and the others are taken", async () => {
    await using workspace = await Workspace.open(web);
    await Deno.writeTextFile(join(workspace.directory, "list.jsonl"), brokenList());
    const { code, stdout, stderr } = await workspace.run(["queue", "import", "list.jsonl"]);
    equal(code, 2);
    match(stderr, /^contentdownload: list\.jsonl:17: [^\n]+\n$/);
    match(stdout, new RegExp(`${LINES - 1} added`));
    equal((await workspace.stats()).total, LINES - 1);
  });

  await t.step("--strict takes nothing of a list with a broken line", async () => {
    await using workspace = await Workspace.open(web);
    await Deno.writeTextFile(join(workspace.directory, "list.jsonl"), brokenList());
    await workspace.succeed(["queue", "enqueue", "10.1234/before"]);
    const { code, stdout, stderr } = await workspace.run(["queue", "import", "--strict", "list.jsonl"]);
    deepEqual([code, stdout], [2, ""]);
    match(stderr, /list\.jsonl:17: /);
    equal((await workspace.stats()).total, 1);
  });

  await t.step("a list comes through standard input as well", async () => {
    await using workspace = await Workspace.open(web);
    const stdin = "10.1234/one\n# a comment\n10.1234/two\n";
    const { code, stderr } = await workspace.run(["queue", "import", "-"], { stdin });
    equal(code, 0, stderr);
    equal((await workspace.stats()).total, 2);
  });

  await t.step("a key that is unknown is named, with the nearest that there is", async () => {
    await using workspace = await Workspace.open(web, { orchestrator: { max_worker: 4 } });
    complains(await workspace.run(["queue", "stats"]), 2, /orchestrator\.max_worker\b.*"?max_workers/);
  });

  await t.step("a value out of bounds is named, with its bounds", async () => {
    await using workspace = await Workspace.open(web, { orchestrator: { lease_ttl_seconds: 5 } });
    complains(await workspace.run(["queue", "run"]), 2, /lease_ttl_seconds.*30/);
  });

  await t.step("a configuration that is missing is named", async () => {
    await using workspace = await Workspace.open(web);
    await Deno.remove(workspace.config);
    complains(await workspace.run(["queue", "stats"]), 2, /contentdownload\.json" is not there/);
  });

  await t.step("a command that is unknown, with the nearest that there is", async () => {
    await using workspace = await Workspace.open(web);
    complains(await workspace.run(["queue", "stat"]), 2, /stats/);
  });
});

Deno.test(`bad databases ${PROGRAM_KIND}`, async (t) => {
  await using web = await startLittleWeb();

  async function withQueue(): Promise<Workspace> {
    const workspace = await Workspace.open(web, { queue: queueSection });
    await workspace.succeed(["queue", "enqueue", "10.1234/work"]);
    return workspace;
  }
  const queueSection = { timeout_sec: 1 };

  await t.step("none at all", async () => {
    await using workspace = await Workspace.open(web);
    complains(await workspace.run(["queue", "stats"]), 2, /no such file/);
  });

  await t.step("a file that is none", async () => {
    await using workspace = await Workspace.open(web);
    await Deno.mkdir(join(workspace.directory, "state"));
    await Deno.writeTextFile(workspace.database, "not a database, ".repeat(1000));
    for (const args of [["queue", "stats"], ["queue", "run", "--drain"]]) {
      complains(await workspace.run(args), 2, /workqueue\.sqlite".*not a SQLite database/);
    }
    ok((await Deno.readTextFile(workspace.database)).startsWith("not a database"));
  });

  await t.step("one of a newer schema", async () => {
    await using workspace = await withQueue();
    const database = new DatabaseSync(workspace.database);
    database.exec("PRAGMA user_version = 99");
    database.close();
    for (const args of [["queue", "stats"], ["queue", "run", "--drain"]]) {
      complains(await workspace.run(args), 2, /version 99.*newer contentdownload/);
    }
  });

  await t.step("one of another program", async () => {
    await using workspace = await Workspace.open(web);
    await Deno.mkdir(join(workspace.directory, "state"));
    const database = new DatabaseSync(workspace.database);
    database.exec("CREATE TABLE notes (text TEXT)");
    database.close();
    complains(await workspace.run(["queue", "stats"]), 2, /another program/);
  });

  await t.step("one with a damaged page", async () => {
    await using workspace = await withQueue();
    const list = Array.from({ length: 2000 }, (_, index) => `10.1234/work.${index}\n`).join("");
    await workspace.run(["queue", "import", "-"], { stdin: list });
    damage(workspace.database);
    const { code, stdout, stderr } = await workspace.run(["queue", "check"]);
    equal(code, 1, stdout + stderr);
    ok(/damaged|malformed|corrupt|Tree|page/i.test(stdout + stderr), stdout + stderr);
  });

  await t.step("one that another process keeps locked", async () => {
    await using workspace = await withQueue();
    const database = new DatabaseSync(workspace.database);
    database.exec("BEGIN IMMEDIATE");
    try {
      complains(await workspace.run(["queue", "enqueue", "10.1234/other"]), 1, /locked/);
      complains(await workspace.run(["queue", "run", "--drain"]), 1, /locked/);
      equal((await workspace.stats()).total, 1);
    } finally {
      database.close();
    }
    equal((await workspace.stats()).queued, 1);
  });

  await t.step({
    name: "one that may not be written",
    // Nothing is closed to root.
    ignore: Deno.uid() === 0 || Deno.build.os === "windows",
    fn: async () => {
      await using workspace = await withQueue();
      await Deno.chmod(workspace.database, 0o400);
      complains(await workspace.run(["queue", "enqueue", "10.1234/other"]), 1, /read-only/);
    },
  });
});

/** Overwrites a page in the middle of a database file. */
function damage(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  using file = Deno.openSync(path, { write: true, read: true });
  const pageBytes = 4096;
  const pages = Math.floor(file.statSync().size / pageBytes);
  file.seekSync(Math.floor(pages / 2) * pageBytes, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(pageBytes).fill(0xa5));
}
