import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readHtml, readXml } from "../../../src/plugins/sandbox/markup.ts";

Deno.test("readHtml() reads meta, link and the first base, from however broken a page", () => {
  assert.deepEqual(
    readHtml(
      `<!doctype html><HEAD><title> A &amp; B </title><title>other</title><base target=x><base href="/b/"><base href="/c/">
      <META Name=a Content='1&amp;2'><meta property="og:x" content="y"><link rel=alternate href="/z?a=1&copy=2">
      <script>var a = "<meta name=s>";</script><!-- <meta name=c> --><body><svg><title>pic</title></svg><meta name=late>`,
    ),
    {
      meta: [{ name: "a", content: "1&2" }, { property: "og:x", content: "y" }, { name: "late" }],
      links: [{ rel: "alternate", href: "/z?a=1&copy=2" }],
      base: "/b/",
    },
  );
});

Deno.test("readHtml() takes any text, and keeps a bounded part of it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => Array.isArray(readHtml(text).meta)));
  assert.equal(
    readHtml("<meta name=a>".repeat(50_000)).meta.length,
    Math.floor(256 * 1024 / (32 + "namea".length)),
  );
  assert.deepEqual(readHtml(`<meta content="${"x".repeat(300_000)}"><base href="${"y".repeat(5_000)}">`), {
    meta: [],
    links: [],
    base: "y".repeat(4_096),
  });
});

Deno.test("readHtml() takes time by the length of a page, not by the square of its depth", () => {
  // By the square this took half an hour.
  assert.deepEqual(readHtml("<div><svg><form>".repeat(500_000) + "<meta name=a>").meta, [{ name: "a" }]);
});

Deno.test("readXml() reads elements, prefixes, attributes, text and entities", () => {
  assert.deepEqual(
    readXml(
      `<?xml version="1.0"?><a:b xmlns:a="u" C="1&amp;2"> x <d/>y<e>&lt;&#233;</e><![CDATA[<z>]]></a:b>`,
    ),
    {
      name: "a:b",
      attributes: { "xmlns:a": "u", C: "1&2" },
      text: "x y<z>",
      children: [
        { name: "d", attributes: {}, text: "", children: [] },
        { name: "e", attributes: {}, text: "<é", children: [] },
      ],
    },
  );
});

Deno.test("readXml() refuses text without elements, depth and number beyond bounds, and expands no entity", () => {
  assert.throws(() => readXml("Rate exceeded."), { name: "SyntaxError", message: /no root element/ });
  assert.throws(() => readXml("<a>".repeat(101)), /deeper than 100/);
  assert.throws(() => readXml(`<a>${"<b/>".repeat(50_001)}</a>`), /more than 50000 elements/);
  assert.throws(() => readXml(`<a>${"x".repeat(2 ** 21 + 1)}</a>`), /more than 2097152 characters/);
  const names = `<${"a".repeat(1_000)} b="${"c".repeat(1_000)}"/>`.repeat(1_100);
  assert.throws(() => readXml(`<a>${names}</a>`), /more than 2097152 characters/);
  const bomb = `<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y SYSTEM "file:///etc/passwd">]><a>&x;&y;</a>`;
  assert.equal(readXml(bomb).text, "&x;&y;");
});
