import assert from "node:assert/strict";
import { nearestName } from "../../src/plugins/nearest_name.ts";

Deno.test("nearestName() finds what was mistyped, in any case, and nothing that is far away", () => {
  const names = ["enabled", "base_url", "email"];
  assert.equal(nearestName("base_ulr", names), "base_url");
  assert.equal(nearestName("EMIAL", names), "email");
  assert.equal(nearestName("enable", names), "enabled");
  assert.equal(nearestName("password", names), undefined);
  assert.equal(nearestName("", []), undefined);
});
