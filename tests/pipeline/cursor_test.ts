import assert from "node:assert/strict";
import { type Cursor, freshCursor, readCursor, writeCursor } from "../../src/pipeline/cursor.ts";
import type { Candidate } from "../../src/model/artifact.ts";

const candidate: Candidate = {
  url: "https://a.example/1",
  kind: "pdf",
  resolver: "one",
  version: "accepted",
  license: "cc-by",
};

const full: Cursor = {
  attempts: 2,
  startedAt: 1_700_000_000_000,
  ids: { doi: "10.1234/abc", arxiv: "1605.08386v2" },
  asked: ["one", "page https://a.example/"],
  failed: [{ key: "two", resolver: "two", reason: "timeout", detail: "as told" }],
  candidates: [candidate, { ...candidate, url: "https://a.example/2", version: null, license: null }],
  landings: ["https://a.example/"],
  tried: [{ candidate, reason: "http-4xx", status: 404 }, { candidate, reason: "timeout", status: null }],
  heard: {
    three: {
      of: { answer: { status: 200, url: null, headers: { "content-type": "text/plain" }, body: "as told" } },
      other: { waypoint: { url: "https://c.example/2", hops: ["https://c.example/1"] } },
    },
  },
  resumeAt: {
    "https://a.example/1": { url: "https://b.example/", hops: ["https://a.example/1"], isRenewed: true },
  },
  limited: { "https://a.example/1": 3 },
  known: true,
  closedAccess: true,
};

Deno.test("readCursor() reads what writeCursor() wrote, every field of it", () => {
  assert.deepEqual(readCursor(writeCursor(full)), full);
  const fresh = freshCursor({ pmid: "12345" }, 1, 5);
  assert.deepEqual(readCursor(writeCursor(fresh)), fresh);
});

Deno.test("readCursor() takes nothing of another shape", () => {
  assert.equal(readCursor("{"), null);
  for (const key of Object.keys(full)) {
    assert.equal(readCursor(JSON.stringify({ ...full, [key]: undefined })), null, key);
    assert.equal(readCursor(JSON.stringify({ ...full, [key]: "x" })), null, key);
  }
  const strange = [{ failed: [{ ...full.failed[0], reason: "no reason" }] }, { ids: { isbn: "1" } }];
  for (const change of strange) assert.equal(readCursor(JSON.stringify({ ...full, ...change })), null);
});
