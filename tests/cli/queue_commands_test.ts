import { deepEqual, equal, match } from "node:assert/strict";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SeededRandom, VirtualClock } from "../../src/runtime/mod.ts";
import { fillQueue } from "./_queue.ts";
import { Program } from "./_program.ts";

const text = { serializer: (value: string) => value };

/** Snapshots of what people and programs read: a changed one is a changed contract. */
const SHOWN: readonly string[] = [
  "queue stats",
  "queue stats --format json",
  "queue list",
  "queue list --format json",
  "queue list --state error",
  "queue list --reason no-open-copy --format json",
  "queue list --limit 2 --after 1",
  "queue show 1",
  "queue show 10.1234/done --format json",
  "queue show 10.1234/held",
  "queue show 10.1234/held --format json",
  "queue show 10.1234/retried",
  "queue show 10.1234/running",
  "queue show 10.1234/running --format json",
  "queue groups",
  "queue groups --format json",
  "queue check --format json",
  "export",
  "export --format csv",
  "export --state error",
];

for (const command of SHOWN) {
  Deno.test(`contentdownload ${command}`, async (t) => {
    await using program = new Program();
    const clock = await fillQueue(program.path("queue.sqlite"));
    const { code, stdout, stderr } = await program.run(command.split(" "), { clock });
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    if (command.endsWith("json")) JSON.parse(stdout);
    await t.assertSnapshot(stdout, text);
  });
}

Deno.test("queue show says why a job waits when the queue is paused", async () => {
  await using program = new Program();
  const clock = await fillQueue(program.path("queue.sqlite"));
  equal((await program.run(["queue", "pause"])).stdout, "The queue is paused\n");
  match(
    (await program.run(["queue", "show", "10.1234/held"], { clock })).stdout,
    /waiting for +the queue is paused/,
  );
  match((await program.run(["queue", "stats"])).stdout, /The queue is paused; .*resume/);
  equal((await program.run(["queue", "resume"])).stdout, "The queue goes on\n");
  equal(JSON.parse((await program.run(["queue", "stats", "--format", "json"])).stdout).paused, false);
});

Deno.test("queue show says so when a job is not in the queue", async () => {
  await using program = new Program();
  await fillQueue(program.path("queue.sqlite"));
  const unknown = await program.run(["queue", "show", "10.1234/other"]);
  equal(unknown.code, 2);
  equal(unknown.stderr, 'contentdownload: Cannot show job: "doi:10.1234/other" is not in the queue\n');
  equal(
    (await program.run(["queue", "show", "999"])).stderr,
    "contentdownload: Cannot show job: number 999 is not in the queue\n",
  );
});

Deno.test("queue retry-failed queues what failed for one reason", async () => {
  await using program = new Program();
  await fillQueue(program.path("queue.sqlite"));
  const other = await program.run(["queue", "retry-failed", "--reason", "timeout"]);
  equal(other.stdout, "0 jobs queued again\n");
  const tried = await program.run(["queue", "retry-failed", "--max-attempts", "1"]);
  equal(tried.stdout, "0 jobs queued again\n");
  const login = await program.run(["queue", "retry-failed", "--reason", "login-wall", "--format", "json"]);
  deepEqual(JSON.parse(login.stdout), { queued: 1 });
  equal(JSON.parse((await program.run(["queue", "stats", "--format", "json"])).stdout).error, 0);
});

Deno.test("queue prune forgets the groups that nobody asked since, if it is to forget at all", async () => {
  await using program = new Program();
  const clock = new VirtualClock();
  const path = program.path("queue.sqlite");
  const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
  using queue = new SqliteWorkQueue({ path, clock, random: new SeededRandom(1), retry });
  await queue.changeGroup("host:old.example", () => "{}");
  await queue.changeGroup("host:new.example", () => JSON.stringify({ coolUntil: clock.now() }));
  const namesAfter = async (...flags: string[]) => {
    equal((await program.run(["queue", "prune", ...flags], { clock })).code, 0);
    return (await queue.groups()).map(({ name }) => name).sort();
  };
  deepEqual(await namesAfter(), ["host:new.example", "host:old.example"]);
  deepEqual(await namesAfter("--older-than", "1h"), ["host:new.example"]);
});

Deno.test("queue prune forgets what ended long enough ago", async () => {
  await using program = new Program();
  const clock = await fillQueue(program.path("queue.sqlite"));
  equal(
    JSON.parse(
      (await program.run(["queue", "prune", "--older-than", "1h", "--format", "json"], { clock })).stdout,
    ).jobs,
    0,
  );
  await clock.advance(3_600_000);
  equal(
    JSON.parse(
      (await program.run(["queue", "prune", "--older-than", "1h", "--format", "json"], { clock })).stdout,
    ).jobs,
    3,
  );
  equal(JSON.parse((await program.run(["queue", "stats", "--format", "json"])).stdout).total, 4);
});

Deno.test("export --output replaces the file when all is written", async () => {
  await using program = new Program();
  await fillQueue(program.path("queue.sqlite"));
  const output = program.write("records.jsonl", "old");
  const { code, stdout } = await program.run(["export", "--output", output]);
  deepEqual({ code, stdout }, { code: 0, stdout: "" });
  const records = (await Deno.readTextFile(output)).trimEnd().split("\n").map((line) => JSON.parse(line));
  deepEqual(records.map(({ outcome }) => outcome), ["done", "skipped", "error"]);
  equal([...Deno.readDirSync(program.directory)].some(({ name }) => name.endsWith(".part")), false);
});

Deno.test("queue show says that a candidate's group is closed, also where the host is a configured base URL's", async () => {
  await using program = new Program();
  const clock = await fillQueue(program.path("queue.sqlite"));
  const mirror = { resolvers: { arxiv: { pdf_base_url: "https://open.example.net" } } };
  const config = ["--config", program.write("mirror.json", JSON.stringify(mirror))];
  {
    const retry = { maxAttempts: 2, backoffMs: 60_000, jitterMs: 0 };
    using queue = new SqliteWorkQueue({
      path: program.path("queue.sqlite"),
      clock,
      random: new SeededRandom(1),
      retry,
    });
    await queue.changeGroup("arxiv", () => JSON.stringify({ coolUntil: clock.now() + 90_000 }));
  }
  const show = async (...args: readonly string[]) =>
    (await program.run(["queue", "show", "doi:10.1234/held", ...args], { clock })).stdout;
  match(await show(), /open\.example\.net\/b\.pdf .*: can be tried now\n/);
  match(await show(...config), /open\.example\.net\/b\.pdf .*: arxiv is closed for 1 min 30 s/);
});
