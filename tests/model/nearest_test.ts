import assert from "node:assert/strict";
import { nearest } from "../../src/model/nearest.ts";

Deno.test("nearest() finds what was mistyped, in any case, and nothing that is far away", () => {
  const names = ["enabled", "base_url", "email"];
  assert.equal(nearest("base_ulr", names), "base_url");
  assert.equal(nearest("EMIAL", names), "email");
  assert.equal(nearest("enable", names), "enabled");
  assert.equal(nearest("password", names), undefined);
  assert.equal(nearest("", []), undefined);
});
