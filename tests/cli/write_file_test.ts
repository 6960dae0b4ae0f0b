import { deepEqual, equal, rejects } from "node:assert/strict";
import { writeFile } from "../../src/cli/export/write_file.ts";
import { FileCalls } from "../pipeline/_file_calls.ts";

async function inDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await use(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("writeFile() syncs what it wrote before that takes the place of the old file", () =>
  inDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/records.csv`, "old");
    using calls = new FileCalls();
    calls.beforeSync = () => equal(Deno.readTextFileSync(`${path}/records.csv`), "old");
    await writeFile(
      `${path}/records.csv`,
      (async function* () {
        yield "one ";
        yield "two";
      })(),
    );
    deepEqual(calls.done, ["sync records.csv.part"]);
    equal(await Deno.readTextFile(`${path}/records.csv`), "one two");
  }));

Deno.test("writeFile() leaves the old file, and nothing beside it, when what it writes breaks off", () =>
  inDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/records.csv`, "old");
    const broken = (async function* () {
      yield "one";
      throw new Error("the queue is damaged");
    })();
    await rejects(writeFile(`${path}/records.csv`, broken), { message: "the queue is damaged" });
    deepEqual(Array.from(Deno.readDirSync(path), ({ name }) => name), ["records.csv"]);
    equal(await Deno.readTextFile(`${path}/records.csv`), "old");
  }));
