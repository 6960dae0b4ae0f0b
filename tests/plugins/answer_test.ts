import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readAnswer } from "../../src/plugins/answer.ts";

const read = (answer: unknown) => readAnswer("p", JSON.stringify(answer));

Deno.test("readAnswer() normalises URLs and ids, fills in what is unknown, and takes each URL once", () => {
  assert.deepEqual(
    read({
      candidates: [
        { url: "HTTPS://A.org/1.pdf", kind: "pdf", version: "published" },
        { url: "https://b.org", kind: "landing", license: "cc-by" },
        { url: "https://a.org/1.pdf", kind: "landing" },
      ],
      ids: {
        doi: "https://doi.org/10.1000/ABC",
        openalex: "https://openalex.org/W12",
        arxiv: "2101.00001v2",
      },
      verdict: "closed-access",
    }),
    {
      type: "found",
      candidates: [
        { url: "https://a.org/1.pdf", kind: "pdf", version: "published", license: null, resolver: "p" },
        { url: "https://b.org/", kind: "landing", version: null, license: "cc-by", resolver: "p" },
      ],
      ids: { doi: "10.1000/abc", openalex: "W12", arxiv: "2101.00001" },
      verdict: "closed-access",
    },
  );
});

Deno.test("readAnswer() takes of the page that was a wall its URL and status", () => {
  const page = { url: "https://a.org/login", status: 401, headers: { a: "b" }, wall: "login-wall" };
  assert.deepEqual(read({ candidates: [], verdict: "login-wall", page }), {
    type: "found",
    candidates: [],
    ids: {},
    verdict: "login-wall",
    page: { url: "https://a.org/login", status: 401 },
  });
  // Where no wall was met a page says nothing.
  assert.deepEqual(read({ candidates: [], page }), { type: "found", candidates: [], ids: {} });
});

Deno.test("readAnswer() names plugin and field of what is invalid", async (t) => {
  const one = (candidate: unknown) => ({ candidates: [{ url: "https://a.org/", kind: "pdf" }, candidate] });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /it is invalid: expected object/],
    [{}, /candidates is invalid: expected array/],
    [{ candidates: [], extra: 1 }, /it has the unknown field "extra"/],
    [
      one({ url: "ftp://a.org/", kind: "pdf" }),
      /candidates\[1\]\.url is "ftp:\/\/a\.org\/", which is no absolute http/,
    ],
    [one({ url: "/1.pdf", kind: "pdf" }), /candidates\[1\]\.url is "\/1\.pdf"/],
    [one({ url: "https://u:p@a.org/", kind: "pdf" }), /without credentials/],
    [one({ url: "https://:p@a.org/", kind: "pdf" }), /without credentials/],
    [one({ url: `https://a.org/${"x".repeat(4_096)}`, kind: "pdf" }), /candidates\[1\]\.url/],
    [one({ url: "https://a.org/", kind: "html" }), /candidates\[1\]\.kind/],
    [one({ url: "https://a.org/", kind: "pdf", version: "vor" }), /candidates\[1\]\.version/],
    [one({ url: "https://a.org/", kind: "pdf", license: 1 }), /candidates\[1\]\.license/],
    [one({ url: "https://a.org/", kind: "pdf", license: "x".repeat(301) }), /candidates\[1\]\.license/],
    [
      one({ url: "https://a.org/", kind: "pdf", resolver: "other" }),
      /candidates\[1\] has the unknown field "resolver"/,
    ],
    [{ candidates: Array(101).fill({ url: "https://a.org/", kind: "pdf" }) }, /candidates/],
    [{ candidates: [], ids: { isbn: "1" } }, /ids has the unknown field "isbn"/],
    [{ candidates: [], ids: { doi: "not a doi" } }, /ids\.doi is invalid: .*"not a doi" is not a DOI/],
    [{ candidates: [], ids: { pmid: 12 } }, /ids\.pmid/],
    [{ candidates: [], ids: { doi: `10.1/${"x".repeat(4_096)}` } }, /ids\.doi/],
    [{ candidates: [], verdict: "gone" }, /verdict/],
    [
      { candidates: [], verdict: "bot-wall" },
      /it has the verdict "bot-wall" without the page that was the wall/,
    ],
    [{ candidates: [], verdict: "bot-wall", page: { url: "https://a.org/", status: 600 } }, /page\.status/],
    [{ candidates: [], verdict: "bot-wall", page: { url: "/a", status: 403 } }, /page\.url is "\/a"/],
  ];
  for (const [answer, says] of cases) {
    await t.step(JSON.stringify(answer).slice(0, 80), () => {
      const result = read(answer);
      assert.ok(result.type === "failed");
      assert.equal(result.reason, "resolver-failed");
      assert.match(result.detail, /^Cannot use the answer of plugin "p": /);
      assert.match(result.detail, says);
    });
  }
});

Deno.test("readAnswer() never throws on JSON, nor lets prototypes be touched", () => {
  fc.assert(fc.property(fc.json(), (json) => {
    readAnswer("p", json);
    return true;
  }));
  readAnswer("p", `{"candidates":[],"ids":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}`);
  assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
});
