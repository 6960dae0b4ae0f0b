import { deepEqual, equal, match } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Program } from "./_program.ts";

/** What stands in the way, and what a command says of it. */
const CASES: readonly (readonly [
  name: string,
  arrange: (program: Program) => readonly string[] | Promise<readonly string[]>,
  code: number,
  said: RegExp,
])[] = [
  [
    "the list is not there",
    (program) => ["queue", "import", program.path("no.jsonl")],
    2,
    /"no.jsonl": there is no such file/,
  ],
  ["the list is a directory", (program) => ["queue", "import", program.directory], 2, /it is a directory/],
  [
    "there is no queue yet",
    () => ["queue", "stats"],
    2,
    /"queue.sqlite": there is no such file; enqueue something first/,
  ],
  [
    "the queue is no database",
    (program) => {
      program.write("queue.sqlite", "this is a text and no database at all".repeat(50));
      return ["queue", "stats"];
    },
    2,
    /not a SQLite database/,
  ],
  [
    "the queue is another program's",
    (program) => {
      using database = new DatabaseSync(program.path("queue.sqlite"));
      database.exec("CREATE TABLE notes (text)");
      return ["queue", "stats"];
    },
    2,
    /a database of another program/,
  ],
  [
    "the queue's schema is newer",
    async (program) => {
      await program.run(["queue", "enqueue", "10.1234/a"]);
      using database = new DatabaseSync(program.path("queue.sqlite"));
      database.exec("PRAGMA user_version = 999");
      return ["queue", "stats"];
    },
    2,
    /its schema is version 999 .*use a newer contentdownload/,
  ],
  [
    "the queue is damaged",
    async (program) => {
      const stdin = Array.from({ length: 3000 }, (_, index) => `10.1234/${index}\n`).join("");
      await program.run(["queue", "import", "-"], { stdin });
      using file = await Deno.open(program.path("queue.sqlite"), { write: true });
      await file.seek(4096, Deno.SeekMode.Start);
      await file.write(crypto.getRandomValues(new Uint8Array(60_000)));
      return ["queue", "list"];
    },
    1,
    /damaged/,
  ],
  [
    "the database is a directory",
    async (program) => {
      await Deno.mkdir(program.path("queue.sqlite"));
      return ["queue", "stats"];
    },
    2,
    /queue.sqlite": it is a directory, not a file$/m,
  ],
  [
    "the configuration is not there",
    (program) => ["queue", "stats", "--config", program.path("no.yaml")],
    2,
    /"no.yaml" is not there/,
  ],
  [
    "the configuration is broken",
    (program) => [
      "queue",
      "stats",
      "--config",
      program.write("c.yaml", "queue:\n  path: [\n"),
    ],
    2,
    /c.yaml/,
  ],
  [
    "a key is unknown",
    (program) => [
      "queue",
      "stats",
      "--config",
      program.write("c.yaml", "orchestrator:\n  max_wokers: 3\n"),
    ],
    2,
    /c.yaml.*max_wokers.*max_workers/,
  ],
  [
    "a value is out of bounds",
    (program) => [
      "queue",
      "stats",
      "--config",
      program.write("c.yaml", "orchestrator:\n  max_workers: 300\n"),
    ],
    2,
    /c.yaml.*max_workers/,
  ],
  [
    "the output's directory is not there",
    async (program) => {
      await program.run(["queue", "enqueue", "10.1234/a"]);
      return ["export", "--output", program.path("no/records.jsonl")];
    },
    2,
    /"no\/records.jsonl": its directory does not exist/,
  ],
  [
    "the plugin is not there",
    (program) => ["plugins", "check", program.path("no.ts")],
    2,
    /"no.ts": there is no such file/,
  ],
  [
    "the plugin is broken",
    (program) => [
      "plugins",
      "check",
      program.write("bad.ts", "export default {\n  name: 'x',\n  what\n  is: this,\n};\n"),
    ],
    2,
    /bad.ts:\d+/,
  ],
  [
    "the directory of plugins is not there",
    (program) => [
      "plugins",
      "list",
      "--plugins",
      program.path("no"),
    ],
    2,
    /Cannot read plugins from "no"/,
  ],
];

for (const [name, arrange, code, said] of CASES) {
  Deno.test(`one clear line and exit code ${code} when ${name}`, async () => {
    await using program = new Program();
    const ended = await program.run(await arrange(program));
    match(ended.stderr, said);
    match(ended.stderr, /^contentdownload: [^\n]+\n$/);
    deepEqual([ended.code, ended.stdout], [code, ""]);
  });
}

Deno.test("one clear line and exit code 1 when another process keeps the queue locked", async () => {
  await using program = new Program();
  await program.run(["queue", "enqueue", "10.1234/a"]);
  using other = new DatabaseSync(program.path("queue.sqlite"));
  other.exec("BEGIN IMMEDIATE");
  const config = program.write("c.json", `{"queue":{"timeout_sec":1}}`);
  const ended = await program.run(["queue", "enqueue", "10.1234/b", "--config", config]);
  other.exec("ROLLBACK");
  equal(ended.code, 1);
  match(ended.stderr, /^contentdownload: [^\n]*locked[^\n]*\n$/);
});

Deno.test("several faults of a configuration have a line each", async () => {
  await using program = new Program();
  const config = program.write("c.yaml", "orchestrator:\n  max_workers: 300\nqueu:\n  path: x\n");
  const { code, stderr } = await program.run(["config", "check", "--config", config]);
  equal(code, 2);
  equal(stderr.match(/^contentdownload: /gm)?.length, 2, stderr);
});

Deno.test("--log-level debug adds the stack to the line", async () => {
  await using program = new Program();
  const { stderr } = await program.run(["queue", "stats", "--log-level", "debug"]);
  match(stderr, /^InputError: .*\n +at /);
  match(stderr, /\ncontentdownload: Cannot open queue .*\n$/);
});
