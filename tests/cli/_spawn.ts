/**
 * The program as a process of its own.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** Starts the program from source, with the permissions that its task gives. */
export async function spawnProgram(
  args: readonly string[],
  streams: Pick<Deno.CommandOptions, "stdout"> = {},
): Promise<Deno.ChildProcess> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const flags: string[] = tasks.cli.command.split(" ").slice(2, -1).map((flag: string) =>
    flag.replaceAll("'", "")
  );
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, "main.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...streams,
  });
  return command.spawn();
}
