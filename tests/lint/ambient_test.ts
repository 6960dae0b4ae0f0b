/// <reference lib="deno.unstable" />
import { deepEqual, equal } from "node:assert/strict";
import plugin from "./ambient.ts";

function messages(path: string, source: string): string[] {
  const absolute = decodeURIComponent(new URL(`../../${path}`, import.meta.url).pathname);
  return Deno.lint.runPlugin(plugin, absolute, source).map((diagnostic) => diagnostic.message);
}

const FORBIDDEN: Readonly<Record<string, string>> = {
  "Date.now();": "Date.now belongs to src/runtime",
  "const clock = Date.now;": "Date.now belongs to src/runtime",
  "Date['now']();": "Date.now belongs to src/runtime",
  "globalThis.Date.now();": "Date.now belongs to src/runtime",
  "const { now } = Date;": "Date.now belongs to src/runtime",
  "const { 'now': n } = globalThis.Date;": "Date.now belongs to src/runtime",
  "new Date();": "new Date() belongs to src/runtime",
  "Date();": "Date() belongs to src/runtime",
  "performance.now();": "performance.now belongs to src/runtime",
  "Math.random();": "Math.random belongs to src/runtime",
  "crypto.randomUUID();": "crypto.randomUUID belongs to src/runtime",
  "import { randomUUID as id } from 'node:crypto';": "node:crypto randomUUID belongs to src/runtime",
  "import { setTimeout as sleep } from 'node:timers/promises';":
    "node:timers/promises belongs to src/runtime",
  "setTimeout(() => {}, 1);": "setTimeout belongs to src/runtime",
  "setInterval(() => {}, 1);": "setInterval belongs to src/runtime",
  "AbortSignal.timeout(1);": "AbortSignal.timeout belongs to src/runtime",
  "const timers = { setTimeout };": "setTimeout belongs to src/runtime",
  "globalThis.setTimeout(() => {}, 1);": "globalThis.setTimeout belongs to src/runtime",
  "function f(wait = setTimeout) { return wait; }": "setTimeout belongs to src/runtime",
  "fetch('http://a');": "fetch belongs to src/http",
  "const get = fetch as typeof fetch;": "fetch belongs to src/http",
  "const get = () => fetch;": "fetch belongs to src/http",
  "globalThis.fetch('http://a');": "globalThis.fetch belongs to src/http",
  "const { fetch: get } = globalThis;": "globalThis.fetch belongs to src/http",
  "function f(fetch: () => void) { fetch(); } fetch('http://a');": "fetch belongs to src/http",
  "new WebSocket('ws://a');": "WebSocket belongs to src/http",
  "Deno.connect({ port: 1 });": "Deno.connect belongs to src/http",
  "import * as http from 'node:http';": "node:http belongs to src/http",
  "Deno.env.get('HOME');": "Deno.env belongs to src/config",
  "process.env.HOME;": "process.env belongs to src/config",
  "import { env } from 'node:process';": "node:process env belongs to src/config",
};

for (const [source, message] of Object.entries(FORBIDDEN)) {
  Deno.test(`no-ambient refuses ${source}`, () => {
    deepEqual(messages("src/queue/any.ts", source), [message]);
  });
}

Deno.test("no-ambient lets names be used that are not the ambient ones", () => {
  const allowed = [
    "new Date(0); Date.parse('2020-01-01'); Math.max(1, 2); Deno.open('a');",
    "ctx.fetch('http://a'); this.setTimeout(); clock.now(); host?.fetch?.('http://a');",
    "const o = { fetch: 1, setTimeout() {} }; o.fetch;",
    "class A { fetch = 1; setTimeout() {} #fetch = 2; }",
    "interface A { fetch(url: string): void; readonly setTimeout: number }",
    "type Fetch = typeof fetch; let f: Fetch; let d: Date; let w: WebSocket;",
    "function f(fetch: () => void) { return () => fetch(); }",
    "const run = ({ fetch, setTimeout: { setInterval } }) => { fetch(); setInterval(); };",
    "const run = (...[fetch = 1]) => fetch;",
    "import { fetch } from './client.ts'; fetch('http://a');",
    "const { fetch } = ctx; fetch('http://a');",
    "for (const fetch of list) fetch(); for (let fetch = 0; fetch < 1;) {} try {} catch (fetch) { fetch; }",
    "const f = function fetch() { fetch(); }; switch (1) { case 1: const setTimeout = 1; setTimeout; }",
    "import { createHash } from 'node:crypto'; import type { Server } from 'node:http';",
    "export { fetch } from './client.ts'; fetch: for (;;) break fetch;",
  ];
  for (const source of allowed) deepEqual(messages("src/queue/any.ts", source), [], source);
});

Deno.test("no-ambient lets each room use what it owns, and nothing else", () => {
  const all = "Date.now(); fetch('http://a'); Deno.env.get('A');";
  const counts = [
    "src/runtime/a.ts",
    "src/http/a.ts",
    "src/config/a.ts",
    "src/http_x/a.ts",
    "main.ts",
    "plugins/a.ts",
  ]
    .map((path) => messages(path, all).length);
  deepEqual(counts, [2, 2, 2, 3, 3, 3]);
});

Deno.test("no-ambient leaves tests, fixtures and tools alone", () => {
  for (const path of ["tests/a_test.ts", "fixtures/server.ts", ".ci/tool.ts"]) {
    equal(messages(path, "Date.now(); fetch('http://a'); Deno.env.get('A');").length, 0, path);
  }
});
