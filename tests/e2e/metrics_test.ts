import { equal, match } from "node:assert/strict";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { BINARY, PROGRAM_KIND } from "../_support/program.ts";
import { Workspace } from "../_support/workspace.ts";

/** Whether a compiled program exports is decided when it is compiled; that of the tests does not. */
Deno.test({
  name: `Deno's exporter gets the metrics of the confined engine ${PROGRAM_KIND}`,
  ignore: BINARY !== undefined,
  fn: async () => {
    await using web = await startLittleWeb();
    await using workspace = await Workspace.open(web);
    await workspace.importUrls([`${web.origins.press}/big?bytes=200000`]);
    const env = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };
    const { code, stdout, stderr } = await workspace.run(["queue", "run", "--drain", "--quiet"], { env });
    equal(code, 0, stderr);
    match(stdout + stderr, /contentdownload\.job\.settled[^]*type=ack/);
  },
});
