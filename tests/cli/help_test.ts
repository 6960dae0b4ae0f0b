import { equal, match, ok } from "node:assert/strict";
import { Program } from "./_program.ts";

const COMMANDS = [
  "",
  "get",
  "queue",
  "queue import",
  "queue enqueue",
  "queue run",
  "queue stats",
  "queue list",
  "queue show",
  "queue groups",
  "queue groups set",
  "queue pause",
  "queue resume",
  "queue retry-failed",
  "queue check",
  "queue prune",
  "export",
  "plugins",
  "plugins list",
  "plugins check",
  "plugins new",
  "plugins run",
  "config",
  "config init",
  "config show",
  "config check",
];

for (const command of COMMANDS) {
  Deno.test(`contentdownload ${command} --help`, async (t) => {
    await using program = new Program();
    const { code, stdout, stderr } = await program.run([...command.split(" ").filter(Boolean), "--help"]);
    equal(code, 0);
    equal(stderr, "");
    for (const line of stdout.split("\n")) ok([...line].length <= 90, `too wide: ${line}`);
    await t.assertSnapshot(stdout, { serializer: (text) => text });
  });
}

Deno.test("every command that a help text lists has a snapshot", async () => {
  await using program = new Program();
  for (const group of ["", "queue", "plugins", "config"]) {
    const { stdout } = await program.run([group, "--help"].filter(Boolean));
    const listed = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) {3,}\S/gm)].map(([, name]) =>
      `${group} ${name}`.trim()
    );
    ok(listed.length > 2, stdout);
    for (const name of listed) {
      ok(name === "completion" || COMMANDS.includes(name), `no snapshot of ${name} --help`);
    }
  }
});

Deno.test("--version is that of deno.json", async () => {
  await using program = new Program();
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const { code, stdout } = await program.run(["--version"]);
  equal(code, 0);
  equal(stdout, `${version}\n`);
});

for (const shell of ["bash", "zsh", "fish", "pwsh", "nu"]) {
  Deno.test(`completion ${shell} writes a script`, async () => {
    await using program = new Program();
    // Not through Program.run's options: they would be taken for the words to be completed.
    const { code, stdout } = await program.runBare(["completion", shell]);
    equal(code, 0);
    match(stdout, /contentdownload/);
  });
}

Deno.test("completion suggests the commands of queue", async () => {
  await using program = new Program();
  const { stdout } = await program.runBare(["completion", "bash", "queue", "re"]);
  match(stdout, /retry-failed/);
  match(stdout, /resume/);
});
