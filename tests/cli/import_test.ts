import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Program } from "./_program.ts";

interface Listed {
  readonly artifact_id: string;
  readonly route: string;
}

async function listed(program: Program): Promise<readonly Listed[]> {
  const { stdout } = await program.run(["queue", "list", "--format", "json"]);
  return JSON.parse(stdout);
}

async function ids(program: Program): Promise<readonly string[]> {
  return (await listed(program)).map(({ artifact_id }) => artifact_id);
}

async function shown(program: Program, id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await program.run(["queue", "show", id, "--format", "json"])).stdout);
}

Deno.test("queue import reads JSON Lines with a byte order mark, blank lines and CRLF", async () => {
  await using program = new Program();
  const list = program.write(
    "works.jsonl",
    `\ufeff{"doi":"10.1234/A","title":"One"}\r\n\r\n{"artifact_id":"arXiv:2101.00001v2"}\n"pmid:123"\n{"doi":"10.1234/a"}`,
  );
  const { code, stdout, stderr } = await program.run(["queue", "import", list]);
  deepEqual({ code, stdout, stderr }, { code: 0, stdout: "3 added, 1 duplicates, 0 broken\n", stderr: "" });
  deepEqual(await ids(program), ["doi:10.1234/a", "arxiv:2101.00001", "pmid:123"]);
  deepEqual((await shown(program, "10.1234/a")).metadata, { title: "One" });
});

Deno.test("queue import knows JSON Lines by their other name", async () => {
  await using program = new Program();
  // Without the name the first line would tell the format.
  const list = program.write("works.NDJSON", `pmid:1\n{"doi":"10.1234/a"}\n{"doi":"10.1234/b"}\n`);
  const { stdout } = await program.run(["queue", "import", list]);
  equal(stdout, "2 added, 0 duplicates, 1 broken\n");
});

Deno.test("queue import reads text with comments", async () => {
  await using program = new Program();
  const list = program.write(
    "dois.txt",
    "# mine\n10.1234/a\n\n  PMC123   # the old one\nhttps://doi.org/10.1234/b\n",
  );
  const { code, stdout } = await program.run(["queue", "import", list]);
  equal(code, 0);
  equal(stdout, "3 added, 0 duplicates, 0 broken\n");
  deepEqual(await ids(program), ["doi:10.1234/a", "pmcid:PMC123", "doi:10.1234/b"]);
});

Deno.test("queue import reads CSV with quotes, other columns and priorities", async () => {
  await using program = new Program();
  const list = program.write(
    "works.csv",
    `title,DOI,priority\r\n"One, ""the"" first\nof two lines",10.1234/a,3\r\nTwo,10.1234/b,\r\n`,
  );
  const { code, stderr } = await program.run(["queue", "import", list]);
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const first = await shown(program, "10.1234/a");
  deepEqual(first.metadata, { title: 'One, "the" first\nof two lines' });
  equal(first.priority, 3);
  equal((await shown(program, "10.1234/b")).priority, 0);
});

for (
  const [what, text, expected] of [
    ["JSON Lines", `{"doi":"10.1234/a"}\n`, "doi:10.1234/a"],
    ["text", "10.1234/a\n", "doi:10.1234/a"],
    ["text with a comment first", "# artifact_id,doi\n10.1234/a\n", "doi:10.1234/a"],
    ["CSV", "artifact_id,note\nPMC7,x\n", "pmcid:PMC7"],
    ["CSV with empty rows", 'doi,title\n,\n10.1234/a,One\n, \n,""\n', "doi:10.1234/a"],
    ["CSV with semicolons", "titel;doi\nEins;10.1234/a\n", "doi:10.1234/a"],
    ["CSV with tabs", "doi\ttitle\n10.1234/a\tOne\n", "doi:10.1234/a"],
  ] as const
) {
  Deno.test(`queue import - recognises ${what} on standard input`, async () => {
    await using program = new Program();
    const { code } = await program.run(["queue", "import", "-"], { stdin: text });
    equal(code, 0);
    deepEqual(await ids(program), [expected]);
  });
}

Deno.test("queue import names broken lines and takes the others", async () => {
  await using program = new Program();
  const lines = Array.from({ length: 30 }, (_, index) => `{"doi":"10.1234/${index}"}`);
  lines[16] = `{"doi":`;
  lines[20] = `{"title":"no id"}`;
  const { code, stdout, stderr } = await program.run([
    "queue",
    "import",
    program.write("works.jsonl", lines.join("\n")),
  ]);
  equal(code, 2);
  equal(stdout, "28 added, 0 duplicates, 2 broken\n");
  match(
    stderr,
    /^contentdownload: works.jsonl:17: it is not JSON: (?!.+line 1).+\ncontentdownload: works.jsonl:21: .+ none of the fields .+\n$/,
  );
  equal((await ids(program)).length, 28);
});

Deno.test("queue import shows twenty broken lines and counts the rest", async () => {
  await using program = new Program();
  const { code, stderr } = await program.run([
    "queue",
    "import",
    program.write("works.txt", "what\n".repeat(25)),
  ]);
  equal(code, 2);
  equal(stderr.trimEnd().split("\n").length, 21);
  match(stderr, /works.txt:20: .*\n.*works.txt: and 5 more broken lines\n$/);
  const one = await program.run(["queue", "import", program.write("21.txt", "what\n".repeat(21))]);
  match(one.stderr, /21.txt:20: .*\n.*21.txt: and 1 more broken line\n$/);
});

Deno.test("queue import --strict takes nothing if a line is broken", async () => {
  await using program = new Program();
  const list = program.write("works.txt", "10.1234/a\nwhat\n");
  const { code, stdout, stderr } = await program.run(["queue", "import", "--strict", list]);
  deepEqual({ code, stdout }, { code: 2, stdout: "" });
  match(stderr, /works.txt:2: .*\n.*1 line is broken; nothing was added\n$/);
  equal((await program.run(["queue", "stats"])).code, 2, "no database was made");
});

Deno.test("queue import --strict takes a list without broken lines", async () => {
  await using program = new Program();
  const { code } = await program.run([
    "queue",
    "import",
    "--strict",
    program.write("works.txt", "10.1234/a\n"),
  ]);
  equal(code, 0);
  deepEqual(await ids(program), ["doi:10.1234/a"]);
});

Deno.test("queue import --strict - is refused, since the input can be read once only", async () => {
  await using program = new Program();
  const { code, stderr } = await program.run(["queue", "import", "--strict", "-"], { stdin: "10.1234/a\n" });
  equal(code, 2);
  match(stderr, /--strict needs a file/);
});

Deno.test("queue import --limit takes the first works and reads no further", async () => {
  await using program = new Program();
  const list = program.write("works.txt", "10.1234/a\n10.1234/b\nwhat\n10.1234/c\n");
  const { code, stdout } = await program.run(["queue", "import", list, "--limit", "2"]);
  equal(code, 0);
  equal(stdout, "2 added, 0 duplicates, 0 broken\n");
});

Deno.test("queue import --set --priority puts the works where they belong", async () => {
  await using program = new Program();
  const list = program.write("works.txt", "10.1234/a\n");
  await program.run(["queue", "import", list, "--set", "survey", "--priority", "7"]);
  const { set, priority } = await shown(program, "10.1234/a");
  deepEqual({ set, priority }, { set: "survey", priority: 7 });
});

Deno.test("queue import makes a set of each list, so that none waits behind another", async () => {
  await using program = new Program();
  await program.run(["queue", "import", program.write("long.txt", "10.1234/a\n")]);
  await program.run(["queue", "enqueue", "--input", program.write("short.txt", "10.1234/b\n")]);
  await program.run(["queue", "import", "-"], { stdin: "10.1234/c\n" });
  await program.run(["queue", "enqueue", "10.1234/d"]);
  const sets = ["a", "b", "c", "d"].map(async (name) => (await shown(program, `10.1234/${name}`)).set);
  const [long, short, stdin, single] = await Promise.all(sets);
  deepEqual([long, short, single], ["long.txt", "short.txt", "default"]);
  match(String(stdin), /^stdin \d{4}-.*Z$/);
});

Deno.test("queue import takes a URL's host for its first step", async () => {
  await using program = new Program();
  await program.run(["queue", "import", "-"], { stdin: "https://Example.org:8443/a.pdf\n" });
  equal((await listed(program))[0]?.route, "host:example.org:8443");
});

for (
  const [what, file, text, said] of [
    ["a CSV without an id column", "a.csv", "title,year\nOne,2001\n", /first line is no header/],
    [
      "a quote that is never closed",
      "a.csv",
      `doi,title\n10.1234/a,"One\n`,
      /a.csv:2: a quote that opens here/,
    ],
    [
      "a record with too many fields",
      "a.csv",
      "doi\n10.1234/a,b\n",
      /a.csv:2: it has 2 fields where the header has 1/,
    ],
    ["binary data", "a.txt", "10.1234/a\n\0\n", /is not UTF-8 text/],
    ["a wrong priority", "a.jsonl", `{"doi":"10.1234/a","priority":10}\n`, /a.jsonl:1: .*"priority" is 10/],
  ] as const
) {
  Deno.test(`queue import refuses ${what}`, async () => {
    await using program = new Program();
    const { code, stderr } = await program.run(["queue", "import", program.write(file, text)]);
    equal(code, 2);
    match(stderr, said);
  });
}

Deno.test("queue import calls a line broken that is not UTF-8", async () => {
  await using program = new Program();
  const list = program.path("works.txt");
  await Deno.writeFile(
    list,
    new Uint8Array([...new TextEncoder().encode("10.1234/a\n10.1234/"), 0xe9, 0x0a]),
  );
  const { code, stdout, stderr } = await program.run(["queue", "import", list]);
  equal(code, 2);
  equal(stdout, "1 added, 0 duplicates, 1 broken\n");
  match(stderr, /works.txt:2: the line is not UTF-8/);
});

Deno.test("queue import cuts a line without end instead of keeping it", async () => {
  await using program = new Program();
  const { code, stderr } = await program.run(["queue", "import", "--format", "jsonl", "-"], {
    stdin: `{"doi":"10.1234/a","title":"${"x".repeat(3_000_000)}"}\n{"doi":"10.1234/b"}\n`,
  });
  equal(code, 2);
  match(stderr, /standard input:1: the line is longer than 1048576 characters/);
  deepEqual(await ids(program), ["doi:10.1234/b"]);
});

Deno.test("queue import commits in chunks: what was taken before a failure stays", async () => {
  await using program = new Program();
  const lines = Array.from({ length: 5000 }, (_, index) => `10.1234/${index}\n`).join("");
  const { code, stderr } = await program.run(["queue", "import", "--format", "txt", "-"], {
    stdin: [lines, "\0\n"],
  });
  equal(code, 2);
  match(stderr, /5,000 works are in the queue; import the list again to go on/);
  equal(JSON.parse((await program.run(["queue", "stats", "--format", "json"])).stdout).queued, 5000);
});

Deno.test("queue enqueue adds a work with metadata once", async () => {
  await using program = new Program();
  const first = await program.run([
    "queue",
    "enqueue",
    "DOI:10.1234/A",
    `{"project":"x"}`,
    "--priority",
    "2",
  ]);
  deepEqual([first.code, first.stdout], [0, "doi:10.1234/a: added\n"]);
  const second = await program.run(["queue", "enqueue", "10.1234/a", "--format", "json"]);
  deepEqual(JSON.parse(second.stdout), { artifact_id: "doi:10.1234/a", added: 0, duplicates: 1 });
  const { metadata, priority } = await shown(program, "10.1234/a");
  deepEqual({ metadata, priority }, { metadata: { project: "x" }, priority: 2 });
});

Deno.test("queue enqueue --input takes a list", async () => {
  await using program = new Program();
  const { code, stdout } = await program.run(["queue", "enqueue", "--input", "-", "--format", "json"], {
    stdin: "10.1234/a\n10.1234/b\n",
  });
  equal(code, 0);
  deepEqual(JSON.parse(stdout), { added: 2, duplicates: 0, broken: 0 });
});

for (
  const [args, said] of [
    [["queue", "enqueue"], /give an ARTIFACT_ID or --input FILE/],
    [["queue", "enqueue", "10.1234/a", "--input", "x"], /not both/],
    [["queue", "enqueue", "what"], /"what" is not an identifier/],
    [["queue", "enqueue", "10.1234/a", "[1]"], /is not a JSON object/],
    [["queue", "enqueue", "10.1234/a", "{"], /is not JSON/],
  ] as const
) {
  Deno.test(`contentdownload ${args.join(" ")} is refused`, async () => {
    await using program = new Program();
    const { code, stderr } = await program.run(args);
    equal(code, 2);
    match(stderr, said);
  });
}

Deno.test("queue import counts on a terminal", async () => {
  await using program = new Program();
  const stdin = Array.from({ length: 3000 }, (_, index) => `10.1234/${index}\n`).join("");
  const { stderr } = await program.run(["queue", "import", "--format", "txt", "-"], {
    stdin,
    terminal: true,
  });
  ok(stderr.includes("\r\x1b[K3,000 works read, 3,000 added"), stderr);
  const quiet = await program.run(["queue", "import", "--quiet", "-"], { stdin, terminal: true });
  equal(quiet.stderr, "");
});
