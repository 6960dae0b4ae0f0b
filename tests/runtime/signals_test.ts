import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { TextLineStream } from "./_text_lines.ts";

const printer = fileURLToPath(new URL("_signal_printer.ts", import.meta.url));

Deno.test({
  name: "onStopSignals() and onHangup() hand over each signal, and restore the default when disposed",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", "--cached-only", printer],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
      [Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;

    equal(await next(), "ready");
    const said: (string | undefined)[] = [];
    for (const signal of ["SIGHUP", "SIGTERM", "SIGHUP", "SIGINT"] as const) {
      child.kill(signal);
      said.push(await next());
    }
    deepEqual(said, ["hangup", "SIGTERM 1", "hangup", "SIGINT 2"]);
    equal(await next(), "restored");
    child.kill("SIGTERM");
    equal((await child.status).signal, "SIGTERM");
    equal(await next(), undefined);
  },
});
