import assert from "node:assert/strict";
import fc from "fast-check";
import { createUrlPolicy, type UrlPolicyOptions } from "../../src/http/mod.ts";
import { facesOf, formatAddress, parseAddress, specialUseOf } from "../../src/http/address.ts";

function verdict(text: string, options: UrlPolicyOptions = {}, addresses?: readonly string[]): string {
  const policy = createUrlPolicy(options);
  const checked = policy.checkUrl(text);
  if (checked.type === "refused") return checked.reason;
  const host = checked.url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  return policy.checkAddresses(checked.url, addresses ?? [host])?.reason ?? "allowed";
}

const FORBIDDEN = `
  127.0.0.1 127.1 2130706433 0x7f.1 0177.0.0.1 017700000001 ①②⑦.⓪.⓪.① 127。0。0。1 %31%32%37.0.0.1 127.0.0.1. 0 0.0.0.0
  10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
  192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
  239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
  [::] [::1] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:a9fe:a9fe] [::ffff:0:127.0.0.1]
  [64:ff9b::a9fe:a9fe] [64:ff9b::8.8.8.8] [64:ff9b:1::1] [2002:a9fe:a9fe::] [2002:7f00:1::1] [2002:808:808::1]
  [2001:0:4136:e378:8000:63bf:3fff:fdd2] [2001:2::1] [2001:1ff::1] [2001:db8::1] [3fff::1] [100::1] [fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1]
  [ff02::1] [5f00::1] [4000::1]`.trim().split(/\s+/);

Deno.test("checkAddresses() refuses private and reserved addresses in every spelling", () => {
  for (const host of FORBIDDEN) assert.equal(verdict(`http://${host}/x`), "private-address", host);
});

Deno.test("checkAddresses() takes public addresses, mapped ones too, up to the edges of the ranges", () => {
  const hosts =
    `8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
    172.15.255.255 172.32.0.0 192.0.1.0 198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15
    [2606:4700::1111] [2a00:1450::1] [::ffff:8.8.8.8] [2001:200::1]`.split(/\s+/);
  for (const host of hosts) assert.equal(verdict(`https://${host}/x`), "allowed", host);
});

Deno.test("checkAddresses() refuses a name if any of its addresses is forbidden, or it has none", () => {
  assert.equal(verdict("https://a.example/", {}, ["8.8.8.8", "1.1.1.1"]), "allowed");
  assert.equal(verdict("https://a.example/", {}, ["8.8.8.8", "127.0.0.1"]), "private-address");
  assert.equal(verdict("https://a.example/", {}, ["8.8.8.8", "fe80::1%eth0"]), "private-address");
  assert.equal(verdict("https://a.example/", {}, ["not an address"]), "private-address");
  assert.equal(verdict("https://a.example/", {}, []), "private-address");
});

Deno.test("checkUrl() refuses what is no plain web URL", () => {
  const texts = [
    "ftp://example.org/",
    "file:///etc/passwd",
    "data:text/plain,x",
    "javascript:1",
    "blob:https://example.org/1",
    "example.org/x",
    "",
    "//example.org/",
    "http://",
    "http://./",
    "http://user@example.org/",
    "http://:pass@example.org/",
    "http://user:pass@example.org/",
    "http://good@127.0.0.1/",
    "http://example.org/\r\nX-Injected: 1",
    "http://exam\tple.org/",
    "\u0000http://example.org/",
    "http://example.org/\u007f",
    "http://exa mple.org/",
    "http://[::1/",
    "http://example.org:99999/",
  ];
  for (const text of texts) assert.equal(verdict(text, {}, ["8.8.8.8"]), "bad-url", JSON.stringify(text));
});

Deno.test("a refusal does not repeat the credentials of the URL", () => {
  const checked = createUrlPolicy({}).checkUrl("http://user:hunter2@example.org/");
  assert.ok(checked.type === "refused" && !JSON.stringify(checked).includes("hunter2"));
});

Deno.test("allowNet names hosts, ports, suffixes and ranges; empty allows all", () => {
  const cases: [string, string[], string][] = [
    ["https://example.org/", [], "allowed"],
    ["https://EXAMPLE.org./", ["example.org"], "allowed"],
    ["https://example.org/", ["EXAMPLE.ORG."], "allowed"],
    ["https://münchen.example/", ["münchen.example"], "allowed"],
    ["https://a.example.org/", ["example.org"], "host-not-allowed"],
    ["https://a.b.example.org/", ["*.example.org"], "allowed"],
    ["https://example.org/", ["*.example.org"], "host-not-allowed"],
    ["https://badexample.org/", ["*.example.org"], "host-not-allowed"],
    ["https://example.org:8443/", ["example.org:8443"], "allowed"],
    ["https://example.org/", ["example.org:8443"], "host-not-allowed"],
    ["https://example.org/", ["example.org:443"], "allowed"],
    ["http://example.org/", ["example.org:443"], "host-not-allowed"],
    ["http://8.8.8.8/", ["8.8.0.0/16"], "allowed"],
    ["http://8.9.8.8/", ["8.8.0.0/16"], "host-not-allowed"],
    ["http://8.8.8.8:8080/", ["8.8.0.0/16:8080"], "allowed"],
    ["http://8.8.8.8/", ["8.8.0.0/16:8080"], "host-not-allowed"],
  ];
  for (const [url, allowNet, expected] of cases) {
    assert.equal(verdict(url, { allowNet }, ["8.8.8.8"]), expected, `${url} ${allowNet}`);
  }
});

Deno.test("allowPrivate lifts the ban for addresses, ranges and names, with a port only there", () => {
  const cases: [string, string[], string[] | undefined, string][] = [
    ["http://127.0.0.1:9001/", ["127.0.0.1"], undefined, "allowed"],
    ["http://127.0.0.2:9001/", ["127.0.0.1"], undefined, "private-address"],
    ["http://127.9.9.9/", ["127.0.0.0/8"], undefined, "allowed"],
    ["http://127.0.0.1:9001/", ["127.0.0.1:9001"], undefined, "allowed"],
    ["http://127.0.0.1:9002/", ["127.0.0.1:9001"], undefined, "private-address"],
    ["http://[::1]:9001/", ["::1"], undefined, "allowed"],
    ["http://[::1]:9001/", ["[::1]:9001"], undefined, "allowed"],
    ["http://[::1]:9002/", ["[::1]:9001"], undefined, "private-address"],
    ["http://[::ffff:127.0.0.1]/", ["127.0.0.1"], undefined, "allowed"],
    ["http://localhost:9001/", ["localhost"], ["::1", "127.0.0.1"], "allowed"],
    ["http://localhost.:9001/", ["LOCALHOST"], ["127.0.0.1"], "allowed"],
    ["http://localhost:9001/", ["127.0.0.1"], ["127.0.0.1"], "allowed"],
    ["http://localhost:9001/", ["127.0.0.1"], ["::1", "127.0.0.1"], "private-address"],
    ["http://nas.lan/", ["*.lan"], ["10.0.0.7"], "allowed"],
    // A range that lets an embedding through does not let through what is embedded.
    ["http://[64:ff9b::8.8.8.8]/", ["64:ff9b::/96"], undefined, "allowed"],
    ["http://[64:ff9b::a9fe:a9fe]/", ["64:ff9b::/96"], undefined, "private-address"],
  ];
  for (const [url, allowPrivate, addresses, expected] of cases) {
    assert.equal(verdict(url, { allowPrivate }, addresses), expected, `${url} ${allowPrivate}`);
  }
});

Deno.test("createUrlPolicy() names the setting and the entry that it cannot read", () => {
  for (
    const entry of [
      "",
      "a b",
      "http://x/",
      "10.0.0.0/33",
      "10.0.0.0/8/8",
      "host:0",
      "host:99999",
      "x/8",
      "*",
      "*.",
      "a*b",
      "user@x",
    ]
  ) {
    assert.throws(() => createUrlPolicy({ allowPrivate: [entry] }), {
      name: "InputError",
      message: new RegExp(
        `^Cannot read network\\.allow_private: "${entry.replace(/[*./]/g, "\\$&")}" is not`,
      ),
    });
  }
});

const V4 = fc.nat(0xffff_ffff).map((value) => BigInt(value));

Deno.test("an address keeps its value through text, whatever way it is written", () => {
  fc.assert(fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (value) => {
    const text = formatAddress({ family: 6, value });
    assert.deepEqual(parseAddress(text), { family: 6, value });
    assert.deepEqual(parseAddress(new URL(`http://[${text}]/`).hostname), { family: 6, value });
  }));
  fc.assert(fc.property(V4, (value) => {
    const text = formatAddress({ family: 4, value });
    assert.deepEqual(parseAddress(text), { family: 4, value });
    assert.deepEqual(parseAddress(new URL(`http://${value}/`).hostname), { family: 4, value });
  }));
});

Deno.test("parseAddress() leaves the zone out, which names an interface of this machine", () => {
  assert.deepEqual(parseAddress("fe80::1%eth0"), parseAddress("fe80::1"));
});

Deno.test("an IPv4 address is as forbidden inside every embedding as by itself", () => {
  fc.assert(fc.property(V4, (v4) => {
    const use = specialUseOf({ family: 4, value: v4 });
    const embeddings = [
      (0xffffn << 32n) | v4,
      (0x64ff9bn << 96n) | v4,
      (0x2002n << 112n) | (v4 << 80n),
      (0x20010000n << 96n) | (v4 ^ 0xffff_ffffn),
      (0x20010000n << 96n) | (v4 << 64n),
      (0xffffn << 48n) | v4,
      // Below two it is an address of its own: none, or loopback.
      ...(v4 > 1n ? [v4] : []),
    ];
    for (const value of embeddings) {
      const uses = facesOf({ family: 6, value }).map(specialUseOf);
      assert.ok(use === null || uses.includes(use), `${formatAddress({ family: 6, value })}: ${uses}`);
    }
  }));
});

Deno.test("parseAddress() reads nothing that is not an address", () => {
  for (
    const text of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "::1::",
      ":::",
      "1:2:3:4:5:6:7",
      "12345::",
      "g::",
      "1.2.3.4::",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4::5:6:7:8::9",
    ]
  ) {
    assert.equal(parseAddress(text), null, text);
  }
});
