import { deepEqual } from "node:assert/strict";
import { readEnvironment } from "../../src/config/mod.ts";

Deno.test({
  name: "readEnvironment() gives the variables that are set, not empty and allowed",
  permissions: {
    env: ["CONTENTDOWNLOAD_TEST_SET", "CONTENTDOWNLOAD_TEST_EMPTY", "CONTENTDOWNLOAD_TEST_UNSET"],
  },
  fn: () => {
    Deno.env.set("CONTENTDOWNLOAD_TEST_SET", "x");
    Deno.env.set("CONTENTDOWNLOAD_TEST_EMPTY", "");
    try {
      const names = ["SET", "EMPTY", "UNSET", "DENIED"].map((name) => `CONTENTDOWNLOAD_TEST_${name}`);
      deepEqual(readEnvironment([...names, "HOME"]), { CONTENTDOWNLOAD_TEST_SET: "x" });
    } finally {
      for (const name of ["SET", "EMPTY"]) Deno.env.delete(`CONTENTDOWNLOAD_TEST_${name}`);
    }
  },
});
