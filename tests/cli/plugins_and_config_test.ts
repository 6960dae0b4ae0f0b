import { deepEqual, equal, match } from "node:assert/strict";
import { Program } from "./_program.ts";

interface ListedPlugin {
  readonly name: string;
  readonly origin: string;
  readonly usable: boolean;
  readonly problem: string | null;
  readonly replaced: readonly string[];
}

async function listed(program: Program, args: readonly string[] = []): Promise<readonly ListedPlugin[]> {
  const { code, stdout } = await program.run(["plugins", "list", "--format", "json", ...args]);
  equal(code, 0);
  return JSON.parse(stdout).plugins;
}

Deno.test("plugins list says what can be used, and why the rest cannot", async () => {
  await using program = new Program();
  const plugins = await listed(program);
  const unpaywall = plugins.find(({ name }) => name === "unpaywall");
  equal(unpaywall?.usable, false);
  match(unpaywall?.problem ?? "", /contact.email/);
  equal(plugins.find(({ name }) => name === "arxiv")?.usable, true);
  match(
    (await program.run(["plugins", "list"])).stdout,
    /unpaywall .* unusable\n[^]*\nCannot use resolver "unpaywall": /,
  );

  const config = program.write("c.json", `{"contact":{"email":"reader@library.test"}}`);
  equal((await listed(program, ["--config", config])).find(({ name }) => name === "unpaywall")?.usable, true);
});

Deno.test("plugins list takes a plugin's setting from the environment", async () => {
  await using program = new Program();
  const { stdout } = await program.run(["plugins", "list"], {
    environment: { UNPAYWALL_EMAIL: "reader@library.test" },
  });
  match(stdout, /unpaywall .* ready\n/);
});

Deno.test("plugins new writes a plugin that plugins check accepts and plugins list takes", async () => {
  await using program = new Program();
  Deno.mkdirSync(program.path("mine"));
  const written = await program.run(["plugins", "new", "my_library", "--dir", program.path("mine")]);
  equal(written.code, 0);
  const checked = await program.run(["plugins", "check", program.path("mine/my_library.ts")]);
  deepEqual([checked.code, checked.stderr], [0, ""]);
  match(checked.stdout, /plugin "my_library" 0.1.0, tier 2, accepts doi, asks api.example.org/);
  const plugins = await listed(program, ["--plugins", program.path("mine")]);
  equal(plugins.find(({ name }) => name === "my_library")?.usable, true);

  const again = await program.run(["plugins", "new", "my_library", "--dir", program.path("mine")]);
  equal(again.code, 2);
  match(again.stderr, /it exists already/);
});

Deno.test("plugins check names the variables of a plugin and refuses those of others", async () => {
  await using program = new Program();
  const check = (env: string) => {
    const fields = `version: "1", hosts: [], tier: 1, accepts: ["doi"], resolve: () => ({ candidates: [] })`;
    const settings = `{ key: { type: "string", env: "${env}" } }`;
    program.write("mine.js", `export default { name: "mine", ${fields}, settings: ${settings} };`);
    return program.run(["plugins", "check", program.path("mine.js")]);
  };
  match((await check("MINE_KEY")).stdout, /, reads the environment's MINE_KEY\n$/);
  const { code, stderr } = await check("HOME");
  equal(code, 2);
  match(stderr, /settings\.key\.env is "HOME": it must begin with "MINE_" or "CONTENTDOWNLOAD_"/);
});

Deno.test("plugins list says which file replaces which", async () => {
  await using program = new Program();
  Deno.mkdirSync(program.path("mine"));
  await program.run(["plugins", "new", "crossref", "--dir", program.path("mine")]);
  const crossref = (await listed(program, ["--plugins", program.path("mine")])).find(({ name }) =>
    name === "crossref"
  );
  deepEqual([crossref?.origin, crossref?.replaced], [program.path("mine"), ["embedded"]]);
  const { stdout } = await program.run(["plugins", "list", "--plugins", program.path("mine")]);
  match(stdout, /crossref: .*\/mine\/crossref.ts replaces embedded\n/);
});

Deno.test("plugins list names a broken plugin and lists the others", async () => {
  await using program = new Program();
  Deno.mkdirSync(program.path("mine"));
  program.write("mine/bad.ts", "export default 1;\n");
  const { code, stdout } = await program.run(["plugins", "list", "--plugins", program.path("mine")]);
  equal(code, 0);
  match(stdout, /^arxiv .*ready$/m);
  match(stdout, /Cannot use plugin "bad.ts".*\n$/);
});

Deno.test("plugins list and config check name a file that cannot be read, once", async () => {
  await using program = new Program();
  Deno.mkdirSync(program.path("mine"));
  Deno.symlinkSync(program.path("nowhere"), program.path("mine/lost.ts"));
  const problem = 'Cannot read plugin "lost.ts": ';
  const list = ["plugins", "list", "--plugins", program.path("mine")];
  const { stdout, stderr } = await program.run([...list, "--format", "json"]);
  const { broken } = JSON.parse(stdout);
  deepEqual([broken.length, broken[0]?.file, broken[0]?.origin], [1, "lost.ts", program.path("mine")]);
  deepEqual([broken[0]?.problem.startsWith(problem), stderr], [true, ""]);
  equal((await program.run(list)).stdout.split(problem).length, 2);

  const config = program.write("c.json", JSON.stringify({ plugins: { dirs: [program.path("mine")] } }));
  const check = ["config", "check", "--confinement", "--format", "json", "--config", config];
  const checked = await program.run(check);
  equal(checked.stderr.split(problem).length, 2, checked.stderr);
  equal(JSON.parse(checked.stdout).left_out[0]?.startsWith(problem), true);
});

Deno.test("config init writes a file that config check accepts, and never overwrites one", async () => {
  await using program = new Program();
  const config = program.path("contentdownload.yaml");
  const written = await program.run(["config", "init", "--config", config]);
  equal(written.code, 0);
  const checked = await program.run(["config", "check", "--config", config]);
  equal(checked.code, 0, checked.stderr);
  const again = await program.run(["config", "init", "--config", config]);
  equal(again.code, 2);
  match(again.stderr, /it exists already/);
});

Deno.test("config show names what holds and hides secrets", async () => {
  await using program = new Program();
  const config = program.write(
    "c.yaml",
    "resolvers:\n  openalex:\n    api_key: hunter2\nstorage:\n  out: papers\n",
  );
  const { code, stdout } = await program.run(["config", "show", "--config", config, "--format", "json"], {
    environment: { CONTENTDOWNLOAD_ORCHESTRATOR__MAX_WORKERS: "11" },
  });
  equal(code, 0);
  const shown = JSON.parse(stdout);
  equal(shown.resolvers.openalex.api_key, "***");
  equal(shown.storage.out, "papers");
  equal(shown.orchestrator.max_workers, 11);
  equal(shown.queue.path, program.path("queue.sqlite"));
  match(
    (await program.run(["config", "show", "--config", config])).stdout,
    /^# Defaults, over them: .*c.yaml, --db\nqueue:\n/,
  );
});

Deno.test("--quiet leaves only errors in the log, if no level is named", async () => {
  await using program = new Program();
  const levelOf = async (...flags: string[]) => {
    const { stdout } = await program.run(["config", "show", "--format", "json", ...flags]);
    return JSON.parse(stdout).telemetry.log_level;
  };
  equal(await levelOf(), "info");
  equal(await levelOf("--quiet"), "error");
  equal(await levelOf("--quiet", "--log-level", "debug"), "debug");
});

Deno.test("a run and config check refuse names of plugins that there are none of", async () => {
  await using program = new Program();
  const config = program.write(
    "c.yaml",
    "resolvers:\n  unpaywal:\n    email: a@b.test\npipeline:\n  resolvers: [arxif]\n" +
      "orchestrator:\n  max_per_resolver:\n    zzzzzzzzzzzz: 3\n",
  );
  const commands = [["config", "check"], ["queue", "run", "--drain"], ["get", "10.1234/a"]];
  for (const command of commands) {
    const { code, stderr } = await program.run([...command, "--config", config]);
    equal(code, 2, stderr);
    match(stderr, /Cannot use resolvers: there is no plugin "unpaywal"; did you mean "unpaywall"\?/);
    match(stderr, /Cannot use pipeline.resolvers: there is no plugin "arxif"; did you mean "arxiv"\?/);
    match(stderr, /max_per_resolver: there is no plugin "zzzzzzzzzzzz"; there are arxiv, crossref, /);
  }
});

Deno.test("a broken plugin that has settings does not stop a run", async () => {
  await using program = new Program();
  Deno.mkdirSync(program.path("plugins"));
  program.write("plugins/mine.js", "export default {");
  const config = program.write(
    "c.yaml",
    `resolvers:\n  mine:\n    key: a\nplugins:\n  dirs: [${program.path("plugins")}]\n`,
  );
  const { code, stderr } = await program.run(["queue", "run", "--drain", "--config", config]);
  equal(code, 0, stderr);
});

Deno.test("config check refuses a wrong setting of a plugin", async () => {
  await using program = new Program();
  const config = program.write("c.yaml", "resolvers:\n  unpaywall:\n    emial: a@b.test\n");
  const { code, stderr } = await program.run(["config", "check", "--config", config]);
  equal(code, 2);
  match(stderr, /emial/);
});

Deno.test("config check --confinement lets the engine try its walls", async () => {
  await using program = new Program();
  const config = program.write("c.json", JSON.stringify({ storage: { out: program.path("downloads") } }));
  const { code, stdout } = await program.run(["config", "check", "--confinement", "--config", config]);
  equal(code, 0, stdout);
  match(stdout, /The engine is confined. It tried to\n( {2}refused {3}[^\n]+: Requires [^\n]+\n){6}$/);
});

Deno.test("config check --confinement counts a variable that reads as unset as refused", async () => {
  await using program = new Program();
  const flags = ["--ignore-env", "--no-prompt", "--allow-net", "--allow-read", "--allow-write"];
  const check = [
    "config",
    "check",
    "--confinement",
    "--format",
    "json",
    "--config",
    program.path("empty.json"),
  ];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, "main.ts", ...check],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const { confined, probes } = JSON.parse(new TextDecoder().decode(stdout));
  deepEqual([code, confined], [0, true]);
  match(
    probes.find(({ attempt }: { attempt: string }) => attempt === "read an environment variable").refusal,
    /reads as unset/,
  );
});

Deno.test("plugins run waits for the rate of a plugin that asks twice", async () => {
  await using program = new Program();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => new Response(new URL(request.url).pathname),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const file = program.write(
    "twice.js",
    `export default {
  name: "twice",
  version: "1.0.0",
  hosts: ["${host}"],
  tier: 1,
  accepts: ["doi"],
  limits: { rates: ["20/s"] },
  async resolve(artifact, ctx) {
    const [one, two] = [await ctx.fetch("http://${host}/1"), await ctx.fetch("http://${host}/2")];
    return { candidates: [{ url: "https://example.org" + one.text() + two.text(), kind: "pdf" }] };
  },
};
`,
  );
  const config = program.write("private.json", `{"network":{"allow_private":["127.0.0.1"]}}`);
  const run = ["plugins", "run", file, "10.1234/a", "--config", config];
  const { code, stdout, stderr } = await program.run(run);
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /https:\/\/example\.org\/1\/2/);
});
