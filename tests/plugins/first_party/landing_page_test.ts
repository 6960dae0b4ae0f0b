import assert from "node:assert/strict";
import type { Artifact } from "../../../src/model/artifact.ts";
import { failureOf } from "../_opened.ts";
import { type Asked, askProvider, found, openProvider, type Provider } from "./_recordings.ts";

const HTML = { "content-type": "text/html; charset=utf-8" };

function askPage(provider: Provider, ids: Artifact["ids"] = { doi: "10.1234/a" }): Promise<Asked> {
  return askProvider("landing_page", ids, provider);
}

/** doi.org that redirects to `/journal/page`, which shows `page`. */
function journal(page: string): Provider {
  return (request) =>
    new URL(request.url).pathname === "/journal/page"
      ? new Response(page, { headers: HTML })
      : new Response(null, { status: 302, headers: { location: "/journal/page" } });
}

const PAGES: readonly (readonly [name: string, page: string, urls: readonly string[]])[] = [
  ["absolute", `<meta name="citation_pdf_url" content="https://a.org/1.pdf">`, ["https://a.org/1.pdf"]],
  ["relative to the page, after redirects", `<meta name="citation_pdf_url" content="files/1.pdf">`, [
    "/journal/files/1.pdf",
  ]],
  ["relative to the host", `<meta content="/1.pdf" name="citation_pdf_url"/>`, ["/1.pdf"]],
  ["without a scheme", `<meta name="citation_pdf_url" content="//a.org/1.pdf">`, ["http://a.org/1.pdf"]],
  ["relative to base", `<base href="/b/"><meta name="citation_pdf_url" content="1.pdf">`, ["/b/1.pdf"]],
  ["base after the tag", `<meta name="citation_pdf_url" content="1.pdf"><base href="/b/">`, ["/b/1.pdf"]],
  ["unquoted", `<meta name=citation_pdf_url content=/1.pdf >`, ["/1.pdf"]],
  ["in capitals", `<META NAME="Citation_PDF_URL" CONTENT="/1.pdf">`, ["/1.pdf"]],
  ["as property", `<meta property="citation_pdf_url" content="/1.pdf">`, ["/1.pdf"]],
  ["with a bare ampersand", `<meta name="citation_pdf_url" content="/1.pdf?a=1&copy=2&lang=en">`, [
    "/1.pdf?a=1&copy=2&lang=en",
  ]],
  ["with an escaped ampersand", `<meta name="citation_pdf_url" content="/1.pdf?a=1&amp;b=2">`, [
    "/1.pdf?a=1&b=2",
  ]],
  ["with a space", `<meta name="citation_pdf_url" content=" /a b.pdf ">`, ["/a%20b.pdf"]],
  ["in a comment", `<!-- <meta name="citation_pdf_url" content="/old.pdf"> --><title>x</title>`, []],
  ["in a script", `<script>"<meta name='citation_pdf_url' content='/old.pdf'>"</script>`, []],
  ["in the body", `<body><p>x</p><meta name="citation_pdf_url" content="/1.pdf">`, ["/1.pdf"]],
  ["as a link", `<link rel="alternate" type="application/pdf" href="/1.pdf">`, ["/1.pdf"]],
  ["as a link to something else", `<link rel="alternate" type="application/rss+xml" href="/feed">`, []],
  ["of bepress", `<meta name="bepress_citation_pdf_url" content="/1.pdf">`, ["/1.pdf"]],
  ["not http", `<meta name="citation_pdf_url" content="javascript:alert(1)">`, []],
  ["with credentials", `<meta name="citation_pdf_url" content="https://u:p@a.org/1.pdf">`, []],
  ["empty", `<meta name="citation_pdf_url" content="">`, []],
  [
    "twice",
    `<meta name="citation_pdf_url" content="/1.pdf"><link rel=alternate type=application/pdf href="/1.pdf#page=1">`,
    ["/1.pdf"],
  ],
];

Deno.test("landing_page reads the address of the PDF", async (t) => {
  let page = "";
  await using provider = await openProvider("landing_page", (request) => journal(page)(request));
  for (const [name, text, urls] of PAGES) {
    await t.step(name, async () => {
      page = text;
      const { candidates } = found((await provider.ask({ doi: "10.1234/a" })).answer);
      assert.deepEqual(candidates.map(({ url }) => url.replace(/^http:\/\/127\.0\.0\.1:\d+/, "")), urls);
    });
  }
});

Deno.test("landing_page resolves a DOI at its base URL, escaped", async () => {
  const { paths } = await askPage(journal(""), { doi: "10.1002/(sici)1<637>3.0.co;2-#" });
  assert.deepEqual(paths, ["/10.1002/(sici)1%3C637%3E3.0.co%3B2-%23", "/journal/page"]);
});

Deno.test("landing_page resolves a DOI with dot segments as it stands", async () => {
  const { paths } = await askPage(journal(""), { doi: "10.1234/../a" });
  assert.deepEqual(paths, ["/10.1234%2F..%2Fa", "/journal/page"]);
});

Deno.test("landing_page says that doi.org does not know a DOI, and nothing of a page that is gone", async () => {
  const unknown = await askPage(() => new Response("DOI Not Found", { status: 404, headers: HTML }));
  assert.deepEqual(unknown.answer, { type: "found", candidates: [], ids: {}, verdict: "not-found" });
  await using elsewhere = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("gone", { status: 404, headers: HTML }),
  );
  const location = `http://127.0.0.1:${elsewhere.addr.port}/page`;
  const gone = await askPage(() => new Response(null, { status: 302, headers: { location } }));
  assert.deepEqual(gone.answer, { type: "found", candidates: [], ids: {} });
});

Deno.test("landing_page tells walls from pages about a work that have a login as well", async (t) => {
  const challenge = "<title>Just a moment...</title>";
  const login = "<form><input type=password></form>";
  const cases: readonly (readonly [page: string, status: number, verdict: string | undefined])[] = [
    [challenge, 403, "bot-wall"],
    [challenge, 503, "bot-wall"],
    [challenge, 200, "bot-wall"],
    [login, 200, "login-wall"],
    ["<h1>Sign in</h1>", 403, "login-wall"],
    ["", 401, "login-wall"],
    [`<html><h1>Sign in</h1><a>Institutional access</a></html>`, 200, undefined],
    [`<meta name="citation_title" content="A work">${login}`, 200, undefined],
    [`<meta name="DC.Title" content="A work"><script src="/px-captcha.js"></script>`, 200, undefined],
    [`<link rel=alternate type=application/pdf href=/1.pdf>${login}`, 200, undefined],
    ["<html>Forbidden</html>", 403, undefined],
  ];
  for (const [page, status, verdict] of cases) {
    await t.step(`${status} ${page}`, async () => {
      const { answer } = await askPage((request) =>
        new URL(request.url).pathname === "/wall"
          ? new Response(page, { status, headers: HTML })
          : new Response(null, { status: 302, headers: { location: "/wall" } })
      );
      const { verdict: given, page: walled } = found(answer);
      assert.equal(given, verdict);
      assert.deepEqual(walled && [new URL(walled.url).pathname, walled.status], verdict && ["/wall", status]);
    });
  }
});

Deno.test("landing_page fails for a server that is down", async () => {
  const down = await askPage(() => new Response("", { status: 503, headers: HTML }));
  assert.match(failureOf(down.answer), /answered 503/);
});

Deno.test("landing_page names the address itself if it gives a PDF", async () => {
  const { answer } = await askPage(() =>
    new Response("%PDF-1.7", { headers: { "content-type": "application/pdf" } })
  );
  const [candidate] = found(answer).candidates;
  assert.match(candidate?.url ?? "", /\/10\.1234\/a$/);
  assert.equal(candidate?.kind, "pdf");
});

Deno.test("landing_page follows a refresh, and no loop of them", async () => {
  const refresh = (to: string) => `<meta http-equiv="Refresh" content="0; url='${to}'">`;
  const hub = await askPage((request) => {
    const page = new URL(request.url).pathname === "/second"
      ? `<meta name=citation_pdf_url content=/1.pdf>`
      : refresh("/second");
    return new Response(page, { headers: HTML });
  });
  assert.equal(found(hub.answer).candidates.length, 1);
  let visits = 0;
  const loop = await askPage(() => new Response(refresh(`/cookie?${++visits}`), { headers: HTML }));
  assert.equal(found(loop.answer).candidates.length, 0);
  assert.equal(visits, 4);
});

Deno.test("landing_page states licence and ids", async () => {
  const { answer } = await askPage(
    journal(`<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">
    <meta name="citation_pdf_url" content="/1.pdf"><meta name="citation_doi" content="doi:10.1234/OTHER">
    <meta name="citation_arxiv_id" content="2101.00001"><meta name="citation_pmid" content="none">`),
  );
  const { candidates, ids } = found(answer);
  assert.equal(candidates[0]?.license, "cc-by-sa");
  assert.deepEqual(ids, { arxiv: "2101.00001" });
});
