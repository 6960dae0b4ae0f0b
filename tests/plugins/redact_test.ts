import assert from "node:assert/strict";
import { redact } from "../../src/plugins/redact.ts";

Deno.test("redact() takes a secret out as it is and as URLs write it", () => {
  const secret = "a b/+&é";
  const text = `${secret} ${encodeURIComponent(secret)} ${new URLSearchParams({ k: secret })}`;
  assert.equal(redact(text, [secret]), "*** *** k=***");
  assert.equal(redact("nothing here", ["", "x1"]), "nothing here");
});
