import assert from "node:assert/strict";
import { answering, ask, failureOf, keepingLogger, openTexts, pluginText } from "./_opened.ts";

const MIB = 2 ** 20;

/** A plugin that reports what an expression over its answer gives. */
const reading = (expression: string) =>
  pluginText(
    "reading",
    `const answer = await ctx.fetch("https://api.example.org/"); ctx.log(String(${expression})); return { candidates: [] };`,
  );

Deno.test("a page of eight million characters breaks no bound while it is not taken in", async (t) => {
  const logger = keepingLogger();
  await using registry = await openTexts({
    "reading.js": reading(`ctx.html(answer).meta[0].name + ctx.html(answer).base`),
  }, { logger });
  for (const filler of ["a", "€", "\u0001", "<", "<a b=c>", "<!--", "&amp;"]) {
    await t.step(JSON.stringify(filler), async () => {
      const page = `<meta name=x><base href=/y>`.padEnd(8 * MIB, filler);
      assert.equal((await ask(registry, "reading", answering(page))).type, "found");
      assert.equal(logger.lines.at(-1)?.message, "x/y");
    });
  }
  assert.ok(logger.lines.every(({ level }) => level === "info"));
});

Deno.test("a text of two million characters is taken in, and a larger one is refused as an error", async (t) => {
  const logger = keepingLogger();
  await using registry = await openTexts({ "reading.js": reading(`answer.text().length`) }, { logger });
  for (const filler of ["a", "€", "\u0001"]) {
    await t.step(JSON.stringify(filler), async () => {
      assert.equal((await ask(registry, "reading", answering(filler.repeat(2 * MIB)))).type, "found");
      assert.equal(logger.lines.at(-1)?.message, String(2 * MIB));
    });
  }
  const refused = failureOf(await ask(registry, "reading", answering("a".repeat(2 * MIB + 1))));
  assert.match(refused, /threw RangeError: .* has 2097153 characters where 2097152 are allowed/);
  assert.ok(logger.lines.every(({ level }) => level === "info"));
});

Deno.test("answers beyond eight million characters in one call are refused as an error", async () => {
  const body =
    `for (let i = 0; i < 3; i++) (await ctx.fetch("https://api.example.org/" + i)).text(); return { candidates: [] };`;
  await using registry = await openTexts({ "reading.js": pluginText("reading", body) }, {
    bounds: { bodyChars: 2_500 },
  });
  assert.equal((await ask(registry, "reading", answering("x".repeat(800)))).type, "found");
  const refused = failureOf(await ask(registry, "reading", answering("x".repeat(1_000))));
  assert.match(refused, /those of one call have more than 2500 characters/);
});

Deno.test("html() and xml() read an answer as they read its text", async () => {
  const logger = keepingLogger();
  const expression = `JSON.stringify([ctx.html(answer), ctx.xml(answer)]) ===
    JSON.stringify([ctx.html(answer.text()), ctx.xml(answer.text())]) && ctx.xml(answer).name`;
  await using registry = await openTexts({ "reading.js": reading(expression) }, { logger });
  await ask(registry, "reading", answering(`<html><meta name="a" content="é&amp;b"/></html>`));
  assert.equal(logger.lines[0]?.message, "html");
});

Deno.test("an answer cannot be read once its call is over", async () => {
  const body =
    `if (last) last.text(); last = await ctx.fetch("https://api.example.org/"); return { candidates: [] };`;
  await using registry = await openTexts({ "keeping.js": pluginText("keeping", body, "", "let last;") });
  assert.equal((await ask(registry, "keeping")).type, "found");
  assert.match(failureOf(await ask(registry, "keeping")), /Cannot read the answer: the call is over/);
});
