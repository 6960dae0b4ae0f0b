import assert from "node:assert/strict";
import fc from "fast-check";
import { hostKey } from "../../src/limits/mod.ts";

Deno.test("hostKey() gives every spelling of a host one name", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["https://Example.ORG/a?b#c", "example.org"],
    ["http://example.org:80/", "example.org"],
    ["https://example.org:443/", "example.org"],
    ["http://example.org:443/", "example.org:443"],
    ["https://example.org.:8443/", "example.org:8443"],
    ["https://user:secret@example.org/", "example.org"],
    ["http://127.1:9001/", "127.0.0.1:9001"],
    ["http://[::1]/", "[::1]"],
    ["http://[0:0:0:0:0:0:0:1]:9000/", "[::1]:9000"],
    ["https://bücher.example/", "xn--bcher-kva.example"],
  ];
  for (const [url, key] of cases) {
    assert.equal(hostKey(url), key);
    assert.equal(hostKey(new URL(url)), key);
  }
});

Deno.test("hostKey() refuses what has no host and names it", () => {
  assert.throws(() => hostKey("example.org/a"), {
    name: "TypeError",
    message: 'Cannot name the host: "example.org/a" is not an absolute URL',
  });
  assert.throws(() => hostKey("mailto:a@example.org"), /"mailto:a@example.org" has none/);
});

Deno.test("hostKey() is stable: the key of a key's URL is the key", () => {
  fc.assert(fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
    const key = hostKey(url);
    assert.equal(hostKey(`${new URL(url).protocol}//${key}/`), key);
    assert.equal(hostKey(url.toUpperCase().replace(/^HTTPS?/, (scheme) => scheme.toLowerCase())), key);
  }));
});
