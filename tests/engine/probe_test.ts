import { equal } from "node:assert/strict";
import { refusalOf } from "../../src/engine/probe.ts";

Deno.test("refusalOf() takes nothing for a wall but Deno's own refusal", async () => {
  equal(
    await refusalOf(() => Promise.reject(new Deno.errors.NotCapable("Requires read access"))),
    "Requires read access",
  );
  equal(await refusalOf(() => Promise.resolve("read")), null);
  const systems = [
    new Deno.errors.NotFound("no such file"),
    new Deno.errors.PermissionDenied("not yours"),
    new Error(),
  ];
  for (const error of systems) equal(await refusalOf(() => Promise.reject(error)), null);
});
