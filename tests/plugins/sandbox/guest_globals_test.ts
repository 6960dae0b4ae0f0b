import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type AskWorker, installGlobals } from "../../../src/plugins/sandbox/guest_globals.ts";
import { answerPure } from "../../../src/plugins/sandbox/pure_ops.ts";

const NAMES = ["URL", "URLSearchParams", "TextEncoder", "TextDecoder", "atob", "btoa"] as const;

/** What the guest gets, made in this realm: the platform's own are put back at once. */
function guestGlobals(): Pick<typeof globalThis, typeof NAMES[number]> {
  const saved = NAMES.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  const askWorker: AskWorker = (op, json) => JSON.stringify(answerPure(op, JSON.parse(json)));
  try {
    installGlobals(askWorker);
    return Object.fromEntries(NAMES.map((name) => [name, globalThis[name]])) as ReturnType<
      typeof guestGlobals
    >; // by name
  } finally {
    for (const [index, name] of NAMES.entries()) Object.defineProperty(globalThis, name, saved[index] ?? {});
  }
}

const guest = guestGlobals();

Deno.test("the guest's URL is that of the platform", () => {
  const text = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string(),
    fc.constant("../a?b#c"),
  );
  fc.assert(fc.property(text, fc.option(fc.webUrl(), { nil: undefined }), (url, base) => {
    assert.equal(guest.URL.canParse(url, base), URL.canParse(url, base));
    const expected = URL.parse(url, base);
    const actual = guest.URL.parse(url, base);
    if (!expected || !actual) return assert.deepEqual([actual, expected], [null, null]);
    for (
      const part of [
        "href",
        "origin",
        "protocol",
        "host",
        "hostname",
        "port",
        "pathname",
        "search",
        "hash",
      ] as const
    ) assert.equal(actual[part], expected[part]);
    assert.equal(JSON.stringify(actual), JSON.stringify(expected));
  }));
});

Deno.test("the guest's URL is changed by its parts and its search parameters", () => {
  const url = new guest.URL("https://a.org/x?b=1#c");
  url.searchParams.set("b", "é &");
  url.searchParams.append("d", "2");
  url.pathname = "/y z";
  url.hash = "";
  assert.equal(String(url), "https://a.org/y%20z?b=%C3%A9+%26&d=2");
  url.search = "?e=3";
  assert.equal(url.searchParams.get("e"), "3");
  assert.throws(() => url.href = "nonsense", TypeError);
  assert.throws(() => new guest.URL("nonsense"), TypeError);
});

Deno.test("the guest's URLSearchParams is that of the platform", () => {
  const pair = fc.tuple(fc.constantFrom("a", "b", "ü"), fc.string());
  const step = fc.tuple(fc.constantFrom("append", "set", "delete", "sort"), pair);
  fc.assert(fc.property(fc.array(pair), fc.array(step), (pairs, steps) => {
    const [actual, expected] = [new guest.URLSearchParams(pairs), new URLSearchParams(pairs)];
    for (const [method, [name, value]] of steps) {
      for (const params of [actual, expected]) {
        if (method === "sort") params.sort();
        else if (method === "delete") params.delete(name);
        else if (method === "set") params.set(name, value);
        else params.append(name, value);
      }
    }
    assert.equal(actual.toString(), expected.toString());
    assert.deepEqual([...actual], [...expected]);
    assert.deepEqual([...actual.keys()], [...expected.keys()]);
    assert.deepEqual([...actual.values()], [...expected.values()]);
    assert.equal(actual.size, expected.size);
    for (const name of ["a", "ü", "z"]) {
      assert.deepEqual(
        [actual.get(name), actual.getAll(name), actual.has(name)],
        [expected.get(name), expected.getAll(name), expected.has(name)],
      );
    }
  }));
  assert.equal(new guest.URLSearchParams({ a: "1", b: "2" }).toString(), "a=1&b=2");
  assert.equal(new guest.URLSearchParams("?a=1&a=%C3%BC").getAll("a").join(), "1,ü");
});

Deno.test("the guest's encoders are those of the platform", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const bytes = new TextEncoder().encode(text);
    assert.deepEqual(new guest.TextEncoder().encode(text), bytes);
    assert.equal(new guest.TextDecoder().decode(bytes), new TextDecoder().decode(bytes));
  }));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assert.equal(new guest.TextDecoder("utf8").decode(bytes.buffer), new TextDecoder().decode(bytes));
    const binary = String.fromCharCode(...bytes);
    assert.equal(guest.btoa(binary), btoa(binary));
    assert.equal(guest.atob(btoa(binary)), binary);
  }));
  assert.throws(() => guest.btoa("ü€"), TypeError);
  assert.throws(() => guest.atob("*"), TypeError);
  assert.throws(() => new guest.TextDecoder("utf-16"), RangeError);
});
