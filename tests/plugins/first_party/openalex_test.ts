import assert from "node:assert/strict";
import type { Artifact } from "../../../src/model/artifact.ts";
import { failureOf } from "../_opened.ts";
import { type Asked, askProvider, found, type Provider, recordingsOf, replaying } from "./_recordings.ts";

function askOpenAlex(
  provider: Provider,
  ids: Artifact["ids"] = { doi: "10.1234/a" },
  settings = {},
): Promise<Asked> {
  return askProvider("openalex", ids, provider, settings);
}

const json = (body: unknown, status = 200) => () => Response.json(body, { status });

Deno.test("openalex reads every recorded answer", async (t) => {
  const recordings = await recordingsOf("openalex");
  if (!recordings) return;
  const candidate = (url: string, kind: string) => ({
    url,
    kind,
    version: "published",
    license: null,
    resolver: "openalex",
  });
  const expected: Readonly<Record<string, unknown>> = {
    "openalex/work-10.1073_pnas.1414271111.json": {
      type: "found",
      // The best location has no PDF, two others have one; PubMed's is not open.
      candidates: [
        candidate("https://europepmc.org/articles/pmc4234579?pdf=render", "pdf"),
        candidate("https://escholarship.org/content/qt4ws805f2/qt4ws805f2.pdf?t=rt3n16", "pdf"),
        candidate("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC4234579", "landing"),
      ],
      ids: { doi: "10.1073/pnas.1414271111", pmid: "25349395", pmcid: "PMC4234579", openalex: "W2109415576" },
    },
    "openalex/404-not-in-openalex.html": { type: "found", candidates: [], ids: {}, verdict: "not-found" },
  };
  assert.deepEqual([...recordings.keys()].sort(), Object.keys(expected).sort());
  for (const [file, recording] of recordings) {
    await t.step(
      file,
      async () => assert.deepEqual((await askOpenAlex(replaying(recording))).answer, expected[file]),
    );
  }
});

Deno.test("openalex names the work by the id it has, and sends the key", async () => {
  const asked = async (ids: Artifact["ids"], settings = {}) =>
    (await askOpenAlex(json({}), ids, settings)).paths;
  assert.deepEqual(await asked({ doi: "10.1/a<b>#c" }), ["/works/doi:10.1%2Fa%3Cb%3E%23c"]);
  assert.deepEqual(await asked({ pmid: "123" }), ["/works/pmid:123"]);
  assert.deepEqual(await asked({ pmcid: "PMC12" }), ["/works/pmcid:PMC12"]);
  assert.deepEqual(await asked({ doi: "10.1/a", openalex: "W1" }), ["/works/W1"]);
  assert.deepEqual(await asked({ openalex: "W1" }, { api_key: "s3cret" }), ["/works/W1?api_key=s3cret"]);
});

Deno.test("openalex follows the redirect of a merged work", async () => {
  const { answer, paths } = await askOpenAlex((request) =>
    new URL(request.url).pathname === "/works/W2"
      ? Response.json({ open_access: { is_oa: false }, ids: { openalex: "https://openalex.org/W2" } })
      : new Response(null, { status: 301, headers: { location: "/works/W2" } })
  );
  assert.deepEqual(answer, {
    type: "found",
    candidates: [],
    ids: { openalex: "W2" },
    verdict: "closed-access",
  });
  assert.equal(paths.length, 2);
});

Deno.test("openalex learns an arXiv id from a location or from the DOI", async () => {
  const location = { is_oa: true, landing_page_url: "http://arxiv.org/abs/hep-th/9901001", pdf_url: null };
  const { answer } = await askOpenAlex(json({ locations: [location] }));
  assert.deepEqual(found(answer).ids, { arxiv: "hep-th/9901001" });
  const unknown = await askOpenAlex(() => new Response("<!doctype html>", { status: 404 }), {
    doi: "10.48550/arxiv.2203.00001",
  });
  assert.deepEqual(found(unknown.answer).ids, { arxiv: "2203.00001" });
});

Deno.test("openalex fails on statuses that are no answer", async () => {
  const { answer } = await askOpenAlex(json({ error: "no" }, 500));
  assert.match(failureOf(answer), /OpenAlex answered 500/);
});
