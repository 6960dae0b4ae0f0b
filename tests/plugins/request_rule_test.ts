import assert from "node:assert/strict";
import { checkRequest, isDeclaredHost } from "../../src/plugins/request_rule.ts";

const check = (url: string, headers = {}) => checkRequest({ url, headers }, ["api.example.org"]);

Deno.test("checkRequest() passes a request to a declared host, normalised", () => {
  assert.deepEqual(check("HTTPS://API.Example.org/a b", { "X-Key": "1" }), {
    url: "https://api.example.org/a%20b",
    headers: { "x-key": "1" },
  });
  assert.deepEqual(check("https://api.example.org/"), { url: "https://api.example.org/" });
});

Deno.test("checkRequest() refuses what is not a plugin's to ask or to set", async (t) => {
  const host = "https://api.example.org/";
  const cases: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ["/relative", {}, /no absolute http or https URL/],
    ["ftp://api.example.org/", {}, /no absolute http or https URL/],
    ["blob:https://api.example.org/x", {}, /no absolute http or https URL/],
    [host + "x".repeat(9_000), {}, /no absolute http or https URL/],
    ["https://api.example.org@evil.example/", {}, /holds credentials/],
    ["https://:pass@api.example.org/", {}, /holds credentials/],
    ["https://api.example.org:8443/", {}, /does not declare this host/],
    ["https://evil.example/", {}, /does not declare this host/],
    ["https://api.example.org.evil.example/", {}, /does not declare this host/],
    ["https://api.example.org\\@evil.example/", {}, /^$/],
    [host, { Host: "evil.example" }, /"host" is not a plugin's to set/],
    [host, { Cookie: "a=1" }, /"cookie" is not/],
    [host, { "Proxy-Authorization": "x" }, /"proxy-authorization" is not/],
    [host, { Range: "bytes=0-1" }, /"range" is not/],
    [host, { "User-Agent": "x" }, /"user-agent" is not/],
    [host, { "a b": "x" }, /"a b" is no header's name/],
    [host, { "x-a": "1\r\nhost: evil.example" }, /holds a line break/],
  ];
  for (const [url, headers, says] of cases) {
    await t.step(`${url.slice(0, 60)} ${JSON.stringify(headers)}`, () => {
      const checked = check(url, headers);
      // A backslash counts as a slash in http URLs, so this one does go to the declared host.
      if (url.includes("\\")) assert.deepEqual(checked, { url: "https://api.example.org/@evil.example/" });
      else assert.match("refused" in checked ? checked.refused : "", says);
    });
  }
});

Deno.test("isDeclaredHost() takes a wild card for what lies below a name, and a port for that port alone", () => {
  const declares = (declared: string, url: string) => isDeclaredHost(new URL(url), [declared]);
  assert.deepEqual(
    ["https://a.example.org/", "https://a.b.example.org/", "https://example.org/", "https://evilexample.org/"]
      .map((url) => declares("*.example.org", url)),
    [true, true, false, false],
  );
  assert.deepEqual(
    ["http://a.org:8080/", "http://a.org/", "https://a.org:8080/"].map((url) => declares("a.org:8080", url)),
    [true, false, true],
  );
  assert.equal(declares("a.org", "https://a.org:443/"), true);
  assert.equal(declares("*", "https://any.example:1/"), true);
});
