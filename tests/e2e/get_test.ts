import { equal, match } from "node:assert/strict";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { Workspace } from "../_support/workspace.ts";

Deno.test(`a get keeps away from a host that asked another get to ${PROGRAM_KIND}`, async () => {
  let requests = 0;
  const refuse = () => (requests++, new Response(null, { status: 429, headers: { "retry-after": "3600" } }));
  await using host = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, refuse);
  await using web = await startLittleWeb();
  await using workspace = await Workspace.open(web, { network: { robots: "ignore" } });
  for (let time = 0; time < 2; time++) {
    await using program = workspace.start(["get", `http://127.0.0.1:${host.addr.port}/${time}.pdf`]);
    await program.saying(/waiting [^,]*, until/);
    match(program.stderr, time === 0 ? /waiting 1 h/ : /waiting (1 h|59 min)/);
    program.kill("SIGTERM");
    equal((await program.ended).code, 143);
  }
  equal(requests, 1);
  equal((await workspace.stats()).total, 0);
});
