import assert from "node:assert/strict";
import { failureOf } from "../_opened.ts";
import { type Asked, askProvider, found, type Provider, recordingsOf, replaying } from "./_recordings.ts";

function askCrossref(provider: Provider, doi = "10.1234/a", settings = {}): Promise<Asked> {
  return askProvider("crossref", { doi }, provider, settings);
}

const work = (message: unknown, headers = {}) => () => Response.json({ status: "ok", message }, { headers });
const link = (URL: string, type = "application/pdf", application = "text-mining", version = "vor") => ({
  URL,
  "content-type": type,
  "content-version": version,
  "intended-application": application,
});
const license = (URL: string, version: string, timestamp: number) => ({
  URL,
  "content-version": version,
  start: { timestamp },
});

Deno.test("crossref reads every recorded answer", async (t) => {
  const recordings = await recordingsOf("crossref");
  if (!recordings) return;
  const nothing = { type: "found", candidates: [], ids: {} };
  const expected: Readonly<Record<string, unknown>> = {
    "crossref/work-10.1038_srep16696.json": {
      type: "found",
      candidates: [{
        url: "https://www.nature.com/articles/srep16696.pdf",
        kind: "pdf",
        version: "published",
        license: "cc-by",
        resolver: "crossref",
      }],
      ids: {},
    },
    // Its only link is for iThenticate, and of an unspecified type.
    "crossref/work-10.1073_pnas.1414271111.json": nothing,
    "crossref/404-notarealdoi.txt": { ...nothing, verdict: "not-found" },
  };
  assert.deepEqual([...recordings.keys()].sort(), Object.keys(expected).sort());
  for (const [file, recording] of recordings) {
    await t.step(file, async () => {
      const { answer } = await askCrossref(replaying(recording));
      assert.deepEqual(answer, expected[file]);
    });
  }
});

Deno.test("crossref asks /works/{doi} with the address and the token it was given", async () => {
  const plain = await askCrossref(work({}), "10.1002/a<b>/c?d#e");
  assert.deepEqual(plain.paths, ["/works/10.1002%2Fa%3Cb%3E%2Fc%3Fd%23e"]);
  assert.equal(plain.headers[0]?.get("crossref-plus-api-token"), null);
  const known = await askCrossref(work({}), "10.1/a", { email: "me@library.org", plus_token: "s3cret" });
  assert.deepEqual(known.paths, ["/works/10.1%2Fa?mailto=me%40library.org"]);
  assert.equal(known.headers[0]?.get("crossref-plus-api-token"), "Bearer s3cret");
});

Deno.test("crossref leaves out links for similarity checking, of other types, and of APIs that need a key", async () => {
  const { answer } = await askCrossref(work({
    link: [
      link("https://api.elsevier.com/content/article/PII:S1?httpAccept=application/pdf"),
      link("https://api.wiley.com/onlinelibrary/tdm/v1/articles/10.1"),
      link("https://a.org/check.pdf", "application/pdf", "similarity-checking"),
      link("https://a.org/page", "text/html"),
      link("https://a.org/x", "unspecified"),
      link("https://a.org/accepted.pdf", "application/pdf", "syndication", "am"),
      link("https://a.org/1.pdf"),
      link("https://a.org/1.pdf", "application/pdf", "unspecified"),
    ],
  }));
  assert.deepEqual(found(answer).candidates.map(({ url, version }) => [url, version]), [
    ["https://a.org/accepted.pdf", "accepted"],
    ["https://a.org/1.pdf", "published"],
  ]);
});

Deno.test("crossref states the licence of the version of record once it has begun, by the provider's clock", async (t) => {
  const now = Date.UTC(2026, 0, 1);
  const cases: readonly (readonly [string, readonly unknown[], string | null])[] = [
    ["for mining only", [license("https://creativecommons.org/licenses/by/4.0", "tdm", 0)], null],
    ["not begun", [license("https://creativecommons.org/licenses/by/4.0", "vor", now + 1)], null],
    ["begun", [license("https://creativecommons.org/licenses/BY-NC-ND/4.0/", "vor", now)], "cc-by-nc-nd"],
    ["public domain", [license("http://creativecommons.org/publicdomain/zero/1.0/", "vor", 0)], "cc0"],
    ["the publisher's own", [license("https://a.org/terms", "vor", 0)], "https://a.org/terms"],
    [
      "open beside the publisher's own",
      [
        license("https://a.org/terms", "vor", 0),
        license("https://creativecommons.org/licenses/by/3.0", "vor", 1),
      ],
      "cc-by",
    ],
    ["none", [], null],
  ];
  for (const [name, licenses, expected] of cases) {
    await t.step(name, async () => {
      const provider = work({ link: [link("https://a.org/1.pdf")], license: licenses }, {
        date: new Date(now).toUTCString(),
      });
      assert.equal(found((await askCrossref(provider)).answer).candidates[0]?.license, expected);
    });
  }
});

Deno.test("crossref is not asked for the DOI of an arXiv paper", async () => {
  const { answer, paths } = await askCrossref(work({}), "10.48550/arxiv.2203.00001");
  assert.deepEqual([answer, paths], [{ type: "found", candidates: [], ids: { arxiv: "2203.00001" } }, []]);
});

Deno.test("crossref fails on a status that is no answer", async () => {
  const { answer } = await askCrossref(() => Response.json({ status: "failed" }, { status: 400 }));
  assert.match(failureOf(answer), /Crossref answered 400: {"status":"failed"}/);
});
