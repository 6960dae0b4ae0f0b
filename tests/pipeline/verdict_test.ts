import assert from "node:assert/strict";
import type { Candidate } from "../../src/model/artifact.ts";
import { type Cursor, freshCursor } from "../../src/pipeline/cursor.ts";
import { canHelpToRetry, forAnotherAttempt } from "../../src/pipeline/verdict.ts";

function candidate(url: string, version: Candidate["version"]): Candidate {
  return { url, kind: "pdf", resolver: "r", version, license: null };
}

const BASE = freshCursor({ doi: "10.1234/abc" }, 0, 5);

Deno.test("forAnotherAttempt() opens what failed in passing again, best first, and forgets what was for this attempt", () => {
  const [best, worse, gone] = [
    candidate("b", "published"),
    candidate("w", "submitted"),
    candidate("g", null),
  ];
  const cursor: Cursor = {
    ...BASE,
    asked: ["one"],
    known: true,
    candidates: [best],
    tried: [
      { candidate: worse, reason: "timeout", status: null },
      { candidate: gone, reason: "http-4xx", status: 404 },
    ],
    failed: [
      { key: "two", resolver: "two", reason: "timeout", detail: "" },
      { key: "three", resolver: "three", reason: "http-4xx", detail: "" },
    ],
    heard: { two: {} },
    resumeAt: { w: { url: "w2", hops: ["w"], isRenewed: true } },
    limited: { w: 10 },
  };
  assert.deepEqual(forAnotherAttempt(cursor), {
    ...BASE,
    asked: ["one"],
    known: true,
    candidates: [best, worse],
    tried: [{ candidate: gone, reason: "http-4xx", status: 404 }],
    failed: [{ key: "three", resolver: "three", reason: "http-4xx", detail: "" }],
  });
});

Deno.test("canHelpToRetry() says so where a resolver or a host failed in passing", () => {
  const failed = (reason: "timeout" | "http-4xx") => [{ key: "a", resolver: "a", reason, detail: "" }];
  const tried = (
    reason: "timeout" | "http-4xx",
  ) => [{ candidate: candidate("a", null), reason, status: null }];
  assert.equal(canHelpToRetry(BASE), false);
  assert.equal(canHelpToRetry({ ...BASE, failed: failed("http-4xx"), tried: tried("http-4xx") }), false);
  assert.equal(canHelpToRetry({ ...BASE, failed: failed("timeout") }), true);
  assert.equal(canHelpToRetry({ ...BASE, tried: tried("timeout") }), true);
});
