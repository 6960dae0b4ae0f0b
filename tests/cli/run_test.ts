import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { allWorks, type LittleWeb, littleWebConfig, startLittleWeb, worksList } from "../../fixtures/mod.ts";
import { until } from "../_support/until.ts";
import { Program } from "./_program.ts";
import { spawnProgram } from "./_spawn.ts";

const ROOT = new URL("../../", import.meta.url);

/** A little web of `count` works, and a program that is configured for it and has them in its queue. */
async function arrange(count: number): Promise<{ program: Program; web: LittleWeb } & AsyncDisposable> {
  const works = allWorks().slice(0, count);
  const web = await startLittleWeb({ works });
  const program = new Program();
  program.write("config.json", JSON.stringify(littleWebConfig(web.origins, program.directory)));
  await program.run(["queue", "import", program.write("works.jsonl", worksList(works)), ...config(program)]);
  return {
    program,
    web,
    async [Symbol.asyncDispose]() {
      await web.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

function config(program: Program): string[] {
  return ["--config", program.path("config.json"), "--db", program.path("state/workqueue.sqlite")];
}

Deno.test("queue run --drain works the queue off and tells what came of it", async () => {
  await using arranged = await arrange(40);
  const { program, web } = arranged;
  const first = await program.run(["queue", "run", "--drain", ...config(program)]);
  const expected = web.works.map(({ expected }) => expected.outcome);
  const errors = expected.filter((outcome) => outcome === "error").length;
  equal(first.code, errors > 0 ? 3 : 0, first.stdout);
  const done = expected.filter((outcome) => outcome === "done").length;
  match(first.stdout, new RegExp(`^done +${done}$`, "m"));
  match(first.stdout, new RegExp(`This run: 40 artifacts ended in .*: ${done} done, `));
  match(first.stdout, new RegExp(`Files: ${program.path("downloads")}\n$`));

  const requests = web.log.entries.length;
  const second = await program.run(["queue", "run", "--drain", "--format", "json", ...config(program)]);
  equal(second.code, 0);
  const { run, total, out } = JSON.parse(second.stdout);
  deepEqual([run.done, total, out], [0, 40, program.path("downloads")]);
  equal(web.log.entries.length, requests, "nothing is fetched twice");
});

Deno.test("queue run names a resolver that it has to do without, and how to mend that", async () => {
  await using program = new Program();
  const run = ["queue", "run", "--drain", "--db", program.path("queue.sqlite"), "--out", program.path("out")];
  const told = async (config: string) => {
    const child = await spawnProgram([...run, "--config", program.write("config.yaml", config)]);
    return new TextDecoder().decode((await child.output()).stderr);
  };
  match(
    await told("{}"),
    /warn Cannot use resolver "unpaywall": its setting "email" has no value; set .*contact/,
  );
  for (const config of ["resolvers: {unpaywall: {enabled: false}}", "contact: {email: me@library.org}"]) {
    doesNotMatch(await told(config), /Cannot use resolver/);
  }
});

Deno.test("get prints where each file is, and what became of the others", async () => {
  await using arranged = await arrange(40);
  const { program, web } = arranged;
  const works = web.works.filter(({ expected }) => expected.outcome === "done").slice(0, 2);
  const out = program.path("papers");
  const ids = works.map(({ artifactId }) => artifactId);
  const { code, stdout, stderr } = await program.run([
    "get",
    ...ids,
    "10.9999/unknown",
    "--out",
    out,
    ...config(program),
  ]);
  equal(code, 0, stderr);
  const paths = stdout.trimEnd().split("\n");
  equal(paths.length, 2);
  for (const path of paths) ok(path.startsWith(`${out}/`) && Deno.statSync(path).isFile, path);
  match(stderr, /skipped {2}doi:10.9999\/unknown {2}not-found: no resolver knows the work/);

  const again = await program.run([
    "get",
    ids[0] ?? "",
    "--out",
    out,
    "--format",
    "json",
    ...config(program),
  ]);
  const [work] = JSON.parse(again.stdout);
  deepEqual([work.artifact_id, work.outcome, work.reason], [ids[0], "done", "already-have"]);
});

Deno.test("a directory that has the name of a file ends its job alone, in one line that says so", async () => {
  await using program = new Program();
  const out = program.path("papers");
  Deno.mkdirSync(`${out}/doi/10.1234/a.pdf`, { recursive: true });
  const orchestrator = { max_job_attempts: 1 };
  program.write("config.json", JSON.stringify({ orchestrator, storage: { out } }));
  await program.run(["queue", "enqueue", "10.1234/a", ...config(program)]);
  const child = await spawnProgram(["queue", "run", "--drain", ...config(program)]);
  const { code, stderr } = await child.output();
  equal(code, 3);
  const why = `Cannot store "${out}/doi/10.1234/a.pdf": a directory has this name; move it away`;
  const text = new TextDecoder().decode(stderr);
  ok(text.includes(why) && !text.includes("unexpected"), text);
  match(
    (await program.run(["export", ...config(program)])).stdout,
    /"outcome":"error","reason":"store-failed"/,
  );
});

Deno.test("plugins run asks one plugin and downloads nothing", async () => {
  await using arranged = await arrange(40);
  const { program, web } = arranged;
  const work =
    web.works.find(({ says, expected }) => says.crossref === "pdf" && expected.outcome === "done") ??
      web.works.find(({ ids }) => ids.doi !== undefined);
  const file = new URL("plugins/crossref.ts", ROOT).pathname;
  const { code, stdout, stderr } = await program.run([
    "plugins",
    "run",
    file,
    work?.artifactId ?? "",
    "--format",
    "json",
    ...config(program),
  ]);
  equal(code, 0, stderr);
  equal(JSON.parse(stdout).artifact_id, work?.artifactId);
  ok(web.log.entries.every(({ host }) => host === "crossref"), "only the plugin's API was asked");
});

Deno.test("the first SIGTERM ends a run gracefully with 143 and leaves nothing leased", async () => {
  await using arranged = await arrange(320);
  const { program, web } = arranged;
  const child = await spawnProgram(["queue", "run", ...config(program)]);
  await until(() => web.log.entries.length >= 50, "the run asked");
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await child.output();
  equal(code, 143);
  match(
    new TextDecoder().decode(stderr),
    /Stopping: running artifacts have 30 s to end; a second SIGTERM stops at once/,
  );
  match(new TextDecoder().decode(stdout), /^in_progress +0$/m);
});

Deno.test("a second SIGINT ends a run at once with 130", async () => {
  await using program = new Program();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    if (url.endsWith("/robots.txt")) return new Response(null, { status: 404 });
    asked.resolve();
    return answer.promise;
  });
  const network = { allow_private: ["127.0.0.1"] };
  program.write("config.json", JSON.stringify({ network, storage: { out: program.path("downloads") } }));
  await program.run([
    "queue",
    "enqueue",
    `http://127.0.0.1:${server.addr.port}/slow.pdf`,
    ...config(program),
  ]);

  const child = await spawnProgram(["queue", "run", ...config(program)]);
  await asked.promise;
  child.kill("SIGINT");
  // Two signals of one kind may arrive as one: the second is sent when the first has been heard.
  const stderr = child.stderr.pipeThrough(new TextDecoderStream());
  for await (const text of stderr.values({ preventCancel: true })) {
    if (text.includes("Stopping")) break;
  }
  child.kill("SIGINT");
  await Promise.all([stderr.cancel(), child.stdout.cancel()]);
  equal((await child.status).code, 130);
  answer.resolve(new Response());
  const { stdout } = await program.run(["queue", "stats", "--format", "json", ...config(program)]);
  equal(JSON.parse(stdout).in_progress, 1, "nothing waited for what was running");
});

Deno.test("export ends quietly when its reader has seen enough", async () => {
  await using program = new Program();
  const { fillQueue } = await import("./_queue.ts");
  await fillQueue(program.path("queue.sqlite"));
  const child = await spawnProgram(["export", "--db", program.path("queue.sqlite")]);
  await child.stdout.cancel();
  const errors = await new Response(child.stderr).text();
  deepEqual([(await child.status).code, errors], [0, ""]);
});

Deno.test("a full disk under standard output gives one line and exit code 1", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      `exec "$0" run --no-prompt --allow-read --allow-write --allow-env main.ts --help > /dev/full`,
      Deno.execPath(),
    ],
    cwd: ROOT,
    stderr: "piped",
  });
  const { code, stderr } = await child.output();
  equal(code, 1);
  match(new TextDecoder().decode(stderr), /^contentdownload: Cannot write output: [^\n]*\n$/);
});
