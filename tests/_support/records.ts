import type { ArtifactRecord } from "../../src/model/artifact.ts";

/** The record of a job that went well. */
export const doneRecord: ArtifactRecord = {
  outcome: "done",
  reason: "ok",
  path: "doi/10.1234/example.pdf",
  sha256: "0".repeat(64),
  bytes: 1_000,
  url: "https://example.org/example.pdf",
  finalUrl: "https://example.org/example.pdf",
  resolver: "unpaywall",
  version: "published",
  license: "cc-by",
  elapsedMs: 10,
  tried: [],
};
