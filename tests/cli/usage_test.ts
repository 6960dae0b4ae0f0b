import { equal, match } from "node:assert/strict";
import { Program } from "./_program.ts";

/** Command lines that cannot be understood, and what is said of each. */
const WRONG: readonly (readonly [args: string, said: RegExp])[] = [
  ["quue stats", /"quue".*Did you mean "queue"/],
  ["queue stat", /"stat".*Did you mean .*"stats"/],
  ["queue stats --fromat json", /"--fromat".*Did you mean "--format"/],
  ["queue stats --format jsn", /"--format": Expected one of "text" and "json", but got "jsn"/],
  ["queue run --workers 0", /"--workers": Expected a value greater than or equal to 1, but got "0"/],
  ["queue run --workers 257", /"--workers": Expected a value less than or equal to 256, but got "257"/],
  ["queue run --workers many", /"--workers": Expected a valid integer, but got "many"/],
  ["queue run --allow-net a,,b", /"--allow-net": Expected hosts separated by commas, but got "a,,b"/],
  ["queue list --reason timeot", /"--reason": Expected a reason code such as "timeout", but got "timeot"/],
  [
    "queue prune --older-than 30",
    /"--older-than": Expected a duration such as 30d, 12h or 90m, but got "30"/,
  ],
  ["queue import", /FILE/],
  ["queue list --limit", /"--limit" requires "N"/],
  ["queue", /command/],
  ["get", /Expected at least one ID/],
  ["plugins new My-Plugin", /snake case/],
  ["--log-level loud queue stats", /"--log-level": Expected one of/],
];

for (const [args, said] of WRONG) {
  Deno.test(`contentdownload ${args}: one line, exit code 2`, async () => {
    await using program = new Program();
    const { code, stdout, stderr } = await program.run(args.split(" "));
    equal(stdout, "");
    match(stderr, said);
    match(stderr, /^contentdownload: [^\n]+; see "contentdownload --help"\n$/);
    equal(code, 2);
  });
}

Deno.test("contentdownload without a command: one line, exit code 2", async () => {
  await using program = new Program();
  const { code, stderr } = await program.runBare([]);
  match(stderr, /^contentdownload: [^\n]+\n$/);
  equal(code, 2);
});

Deno.test("global options stand before, between and after the words of a command", async () => {
  await using program = new Program();
  const db = program.path("other.sqlite");
  await program.run(["queue", "enqueue", "10.1234/a", "--db", db]);
  for (
    const args of [
      ["--db", db, "queue", "stats", "--format", "json"],
      ["queue", "--db", db, "stats", "--format", "json"],
      ["queue", "stats", "--format=json", `--db=${db}`],
    ]
  ) {
    const { code, stdout } = await program.runBare([...args, "--config", program.path("empty.json")]);
    equal(code, 0);
    equal(JSON.parse(stdout).total, 1);
  }
});
