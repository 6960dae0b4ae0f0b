import assert from "node:assert/strict";
import { type LogFields, silentLogger } from "../../src/model/ports.ts";
import { open } from "./_web.ts";

Deno.test(
  "a refusal by Deno's own net permission is host-not-allowed and charges nothing, and is told once",
  {
    permissions: { net: ["127.0.0.9"], read: true, env: true },
  },
  async () => {
    const told: string[] = [];
    const warn = (message: string, fields: LogFields = {}) => told.push(`${message}: ${fields["detail"]}`);
    using web = open({ pin: false, logger: { ...silentLogger, warn } });
    const result = await web.get("http://127.0.0.1:9009/");
    assert.ok(result.type === "refused" && result.reason === "host-not-allowed", JSON.stringify(result));
    assert.deepEqual(web.permits.log, ["acquire host:127.0.0.1:9009", "depart 1", "dispose 1"]);
    await web.get("http://127.0.0.1:9009/");
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /127\.0\.0\.1:9009.*--allow-net/);
  },
);
