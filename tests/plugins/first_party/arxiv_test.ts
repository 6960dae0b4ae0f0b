import assert from "node:assert/strict";
import { failureOf } from "../_opened.ts";
import { type Asked, askProvider, found, type Provider, recordingsOf, replaying } from "./_recordings.ts";

function askArxiv(
  provider: Provider,
  arxiv = "1605.08386",
  metadata?: Record<string, unknown>,
): Promise<Asked> {
  return askProvider("arxiv", { arxiv }, provider, {}, metadata);
}

const feed = (...entries: readonly string[]) => () =>
  new Response(`<?xml version='1.0'?><feed xmlns="http://www.w3.org/2005/Atom">${entries.join("")}</feed>`);

Deno.test("arxiv reads every recorded answer", async (t) => {
  const recordings = await recordingsOf("arxiv");
  if (!recordings) return;
  const expected: Readonly<Record<string, unknown>> = {
    "arxiv/id_1605.08386.xml": {
      type: "found",
      candidates: [{
        url: "https://files.example/pdf/1605.08386v1",
        kind: "pdf",
        version: "submitted",
        license: null,
        resolver: "arxiv",
      }],
      ids: {},
    },
    "arxiv/id_0000.0000.empty.xml": { type: "found", candidates: [], ids: {}, verdict: "not-found" },
  };
  assert.deepEqual([...recordings.keys()].sort(), Object.keys(expected).sort());
  for (const [file, recording] of recordings) {
    await t.step(
      file,
      async () => assert.deepEqual((await askArxiv(replaying(recording))).answer, expected[file]),
    );
  }
});

Deno.test("arxiv asks for the version that was wanted, and for the latest otherwise", async () => {
  const latest = await askArxiv(feed(), "hep-th/9901001");
  assert.deepEqual(latest.paths, ["/api/query?id_list=hep-th%2F9901001&max_results=1"]);
  for (const arxiv of ["1605.08386v2", "arXiv:1605.08386v2", "https://arxiv.org/pdf/1605.08386v2.pdf"]) {
    const second = await askArxiv(feed(), "1605.08386", { arxiv });
    assert.deepEqual(second.paths, ["/api/query?id_list=1605.08386v2&max_results=1"], arxiv);
  }
  const old = await askArxiv(feed(), "math/0309136", { arxiv: "math.GT/0309136v2" });
  assert.deepEqual(old.paths, ["/api/query?id_list=math%2F0309136v2&max_results=1"]);
  const other = await askArxiv(feed(), "1605.08386", { arxiv: "2101.00001v2" });
  assert.deepEqual(other.paths, ["/api/query?id_list=1605.08386&max_results=1"]);
});

Deno.test("arxiv learns the DOI of the published version", async () => {
  const { answer } = await askArxiv(feed(`<entry><id>http://arxiv.org/abs/1605.08386v1</id>
    <link title="pdf" href="http://arxiv.org/pdf/1605.08386v1"/><arxiv:doi>10.1234/ABC</arxiv:doi></entry>`));
  assert.deepEqual(found(answer).ids, { doi: "10.1234/abc" });
});

Deno.test("arxiv knows a withdrawn paper, which has no file", async () => {
  const { answer } = await askArxiv(feed(`<entry><id>http://arxiv.org/abs/1605.08386v3</id></entry>`));
  assert.deepEqual(answer, { type: "found", candidates: [], ids: {} });
});

Deno.test("arxiv takes an error entry for an unknown id", async () => {
  const error = "<entry><id>http://arxiv.org/api/errors#incorrect_id</id><title>Error</title></entry>";
  for (const status of [200, 400]) {
    const { answer } = await askArxiv(() => new Response(`<feed>${error}</feed>`, { status }));
    assert.deepEqual(answer, { type: "found", candidates: [], ids: {}, verdict: "not-found" });
  }
});

Deno.test("arxiv fails on what is no feed", async () => {
  assert.match(
    failureOf((await askArxiv(() => new Response("", { status: 503 }))).answer),
    /arXiv answered 503/,
  );
  assert.match(failureOf((await askArxiv(() => new Response("Rate exceeded."))).answer), /no root element/);
});
