import assert from "node:assert/strict";
import { InputError } from "../../src/model/errors.ts";
import { EMBEDDED_ORIGIN, loadPluginSources, originOf } from "../../src/plugins/mod.ts";

Deno.test("loadPluginSources() reads the first-party plugins first, then each directory in order", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const files = [
      "b.js",
      "a.ts",
      "a_test.ts",
      "types.d.ts",
      "_part.ts",
      ".hidden.js",
      "notes.md",
      "data.json",
    ];
    for (const file of files) await Deno.writeTextFile(`${directory}/${file}`, `// ${file}`);
    await Deno.mkdir(`${directory}/folder.ts`);
    await Deno.symlink(`${directory}/nowhere`, `${directory}/lost.ts`);
    const { sources, broken } = await loadPluginSources([directory]);
    const embedded = sources.filter(({ origin }) => origin === EMBEDDED_ORIGIN);
    assert.deepEqual(embedded.map(({ file }) => file), [
      "arxiv.ts",
      "crossref.ts",
      "landing_page.ts",
      "openalex.ts",
      "unpaywall.ts",
    ]);
    assert.deepEqual(
      sources.slice(embedded.length).map(({ file, origin, source }) => [file, origin, source]),
      [
        ["a.ts", directory, "// a.ts"],
        ["b.js", directory, "// b.js"],
      ],
    );
    assert.deepEqual(broken.map(({ file }) => file), ["lost.ts"]);
    assert.match(broken[0]?.problem ?? "", /^Cannot read plugin "lost\.ts": /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loadPluginSources() reads regular files of a sane size only", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await new Deno.Command("mkfifo", { args: [`${directory}/a_pipe.ts`] }).output();
    await Deno.symlink("/dev/zero", `${directory}/b_device.ts`);
    await Deno.symlink(directory, `${directory}/c_directory.ts`);
    await Deno.writeTextFile(`${directory}/d_large.ts`, "");
    await Deno.truncate(`${directory}/d_large.ts`, 17 * 1024 * 1024);
    await Deno.writeTextFile(`${directory}/e_good.ts`, "");
    const { sources, broken } = await loadPluginSources([directory]);
    assert.deepEqual(sources.filter(({ origin }) => origin === directory).map(({ file }) => file), [
      "e_good.ts",
    ]);
    assert.deepEqual(broken.map(({ problem }) => problem), [
      `Cannot read plugin "a_pipe.ts": it is no regular file`,
      `Cannot read plugin "b_device.ts": it is no regular file`,
      `Cannot read plugin "c_directory.ts": it is a directory`,
      `Cannot read plugin "d_large.ts": it has 17825792 bytes where 16777216 are allowed`,
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loadPluginSources() takes no directory for the embedded one, and each once", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const name of ["embedded", "other"]) {
      await Deno.mkdir(`${directory}/${name}`);
      await Deno.writeTextFile(`${directory}/${name}/a.ts`, "");
    }
    // In a process of its own, since a working directory belongs to all tests.
    const script = `const { loadPluginSources } = await import("${
      import.meta.resolve("../../src/plugins/mod.ts")
    }");
      Deno.chdir("${directory}");
      const { sources } = await loadPluginSources(["other", "embedded", "other"]);
      console.log(sources.filter(({ file }) => file === "a.ts").map(({ origin }) => origin).join(" "));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        "-A",
        "--config",
        "deno.json",
        `data:text/javascript,${encodeURIComponent(script)}`,
      ],
      stderr: "inherit",
      cwd: new URL("../../", import.meta.url),
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "./embedded other\n");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loadPluginSources() names a directory that is not there", async () => {
  await assert.rejects(loadPluginSources(["/nonexistent/plugins"]), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^Cannot read plugins from "\/nonexistent\/plugins": /);
    return true;
  });
});

Deno.test("originOf() keeps a directory from passing for the program's own plugins", () => {
  assert.deepEqual(["embedded", "/embedded", "mine"].map(originOf), ["./embedded", "/embedded", "mine"]);
});
