import assert from "node:assert/strict";
import { failureOf } from "../_opened.ts";
import { type Asked, askProvider, found, type Provider, recordingsOf, replaying } from "./_recordings.ts";

const DOI = "10.1073/pnas.1414271111";

function askUnpaywall(provider: Provider, doi = DOI): Promise<Asked> {
  return askProvider("unpaywall", { doi }, provider, { email: "me@library.org" });
}

const json = (body: unknown, status = 200) => () => Response.json(body, { status });

Deno.test("unpaywall reads every recorded answer", async (t) => {
  const recordings = await recordingsOf("unpaywall");
  if (!recordings) return;
  const expected: Readonly<Record<string, unknown>> = {
    "unpaywall/10.1073_pnas.1414271111.json": {
      type: "found",
      candidates: [{
        url: "https://www.pnas.org/content/pnas/111/45/E4832.full.pdf",
        kind: "pdf",
        version: "published",
        license: null,
        resolver: "unpaywall",
      }],
      ids: { pmcid: "PMC4234579" },
    },
    "unpaywall/10.1007_s40278-023-41815-2.closed.json": {
      type: "found",
      candidates: [],
      ids: {},
      verdict: "closed-access",
    },
  };
  assert.deepEqual([...recordings.keys()].sort(), Object.keys(expected).sort());
  for (const [file, recording] of recordings) {
    await t.step(file, async () => {
      const { answer } = await askUnpaywall(replaying(recording));
      assert.deepEqual(answer, expected[file]);
    });
  }
});

Deno.test("unpaywall asks /v2/{doi} below its base URL, with the address, and escapes the DOI", async () => {
  const { paths } = await askUnpaywall(json({ is_oa: false }), "10.1002/(sici)1<637::aid-tea4>3.0.co;2-9#?x");
  assert.deepEqual(paths, [
    "/v2/10.1002/(sici)1%3C637%3A%3Aaid-tea4%3E3.0.co%3B2-9%23%3Fx?email=me%40library.org",
  ]);
});

Deno.test("unpaywall asks about a DOI with dot segments, and not about another path", async () => {
  for (const doi of ["10.1234/..", "10.1234/../../etc/passwd", "10.1234/a/./b"]) {
    const { paths } = await askUnpaywall(json({ is_oa: false }), doi);
    assert.deepEqual(paths, [`/v2/${encodeURIComponent(doi)}?email=me%40library.org`]);
  }
});

Deno.test("unpaywall takes a 404 as not found although its body is HTML", async () => {
  const { answer } = await askUnpaywall(() =>
    new Response("<!doctype html><title>404 Not Found</title>", { status: 404 })
  );
  assert.deepEqual(answer, { type: "found", candidates: [], ids: {}, verdict: "not-found" });
});

Deno.test("unpaywall fails with the provider's words on 422, and on a 200 that is no JSON", async () => {
  const refused = await askUnpaywall(json({ error: true, message: "too many requests per second" }, 422));
  assert.match(failureOf(refused.answer), /Unpaywall answered 422: too many requests per second/);
  const page = await askUnpaywall(() => new Response("<html>maintenance"));
  assert.match(failureOf(page.answer), /as JSON: it begins with "<html>maintenance"/);
});

Deno.test("unpaywall names PDFs before pages, the best first, each once, and no page at doi.org", async () => {
  const best = { url_for_pdf: "https://a.org/1.pdf", version: "acceptedVersion", license: "cc-by" };
  const { answer } = await askUnpaywall(json({
    is_oa: true,
    best_oa_location: best,
    oa_locations: [
      best,
      { url_for_pdf: null, url_for_landing_page: "https://doi.org/10.1/x", version: "publishedVersion" },
      { url_for_pdf: null, url_for_landing_page: "https://b.org/page", version: "submittedVersion" },
      { url_for_pdf: "https://arxiv.org/pdf/2101.00001v2", version: "submittedVersion" },
      null,
    ],
  }));
  const { candidates, ids } = found(answer);
  assert.deepEqual(candidates.map(({ url, kind, version, license }) => [url, kind, version, license]), [
    ["https://a.org/1.pdf", "pdf", "accepted", "cc-by"],
    ["https://arxiv.org/pdf/2101.00001v2", "pdf", "submitted", null],
    ["https://b.org/page", "landing", "submitted", null],
  ]);
  assert.deepEqual(ids, { arxiv: "2101.00001" });
});

Deno.test("unpaywall turns the DOI of an arXiv paper into its arXiv id without asking", async () => {
  const { answer, paths } = await askUnpaywall(json({}), "10.48550/arxiv.2203.00001");
  assert.deepEqual(answer, { type: "found", candidates: [], ids: { arxiv: "2203.00001" } });
  assert.deepEqual(paths, []);
});
