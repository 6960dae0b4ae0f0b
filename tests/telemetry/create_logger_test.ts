import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { createLogger, type LoggerOptions } from "../../src/telemetry/mod.ts";
import { ManualClock } from "../_support/manual_clock.ts";

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const clock = new ManualClock(Date.UTC(2024, 1, 29, 12, 30, 5, 250));
  const logger = createLogger({ clock, color: false, write: (line) => lines.push(line), ...options });
  return { logger, lines };
}

Deno.test("createLogger() writes one line of text a record, with time, level, message and fields", () => {
  const { logger, lines } = capture();
  logger.info("stored the file", {
    path: "doi/10.1/x.pdf",
    bytes: 12,
    title: "A b",
    tried: [{ status: 404 }],
  });
  logger.warn("odd");
  deepEqual(lines, [
    '2024-02-29T12:30:05.250Z info stored the file path=doi/10.1/x.pdf bytes=12 title="A b" tried=[{"status":404}]\n',
    "2024-02-29T12:30:05.250Z warn odd\n",
  ]);
});

Deno.test("createLogger() writes one JSON object a record", () => {
  const { logger, lines } = capture({ format: "json" });
  logger.error("cannot store", { error: new Error("outer", { cause: new Error("disk full") }), size: 3n });
  deepEqual(lines.map((line) => JSON.parse(line)), [{
    "@timestamp": "2024-02-29T12:30:05.250Z",
    level: "ERROR",
    message: "cannot store",
    logger: "contentdownload",
    fields: { error: "outer: disk full", size: "3" },
  }]);
});

Deno.test("createLogger() leaves out what is less grave than its level", () => {
  const levels = ["debug", "info", "warn", "error"] as const;
  for (const [index, level] of levels.entries()) {
    const { logger, lines } = capture({ level });
    for (const each of levels) logger[each]("x");
    equal(lines.length, levels.length - index, level);
  }
});

Deno.test("createLogger() colours text when told so", () => {
  const { logger, lines } = capture({ color: true });
  logger.info("x", { a: 1 });
  equal(lines.join().includes("\u001b["), true);
});

Deno.test("createLogger() replaces secrets in fields, deep in them, in URLs and in messages", () => {
  for (const format of ["text", "json"] as const) {
    const { logger, lines } = capture({ format });
    logger.info("asked https://api.example.org/?q=1&api_key=hidden1", {
      apiKey: "hidden2",
      request: { headers: { Authorization: "hidden3" }, tokens: ["hidden4"] },
      url: new URL("https://api.example.org/?access_token=hidden5&page=2"),
      tokensLeft: 7,
    });
    const text = lines.join();
    equal(/hidden/.test(text), false, text);
    match(text, /q=1&api_key=\*\*\*/);
    match(text, /access_token=\*\*\*&page=2/);
    match(text, /tokensLeft"?[=:]7/);
  }
});

Deno.test("createLogger() keeps each record on one line without controls, whatever it holds", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "\n2024 info forged",
      "\u001b[2J",
      "\u202egnp.exe",
      "\r",
      "\u0085",
      "\u2028",
      "\u009b31m",
    ),
  );
  fc.assert(fc.property(anyText, anyText, fc.dictionary(anyText, anyText), (message, value, nested) => {
    for (const format of ["text", "json"] as const) {
      const { logger, lines } = capture({ format });
      logger.info(message, { value, nested });
      equal(lines.length, 1);
      match(lines[0] ?? "", /^[^\p{Cc}]*\n$/u);
      // What parses JSON does not take these for line breaks, nor does it show them.
      if (format === "text") match(lines[0] ?? "", /^[^\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u);
    }
  }));
});

Deno.test("createLogger() survives fields that hold themselves", () => {
  const { logger, lines } = capture({ format: "json" });
  const self: Record<string, unknown> = {};
  self["self"] = self;
  logger.info("x", self);
  equal(lines.length, 1);
});

Deno.test("createLogger() and createMeter() work in a worker without any permission", async () => {
  const program = fileURLToPath(new URL("_logging_program.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--cached-only",
      "--unstable-worker-options",
      `--allow-read`,
      program,
    ],
    stdin: "null",
  }).output();
  deepEqual(
    [new TextDecoder().decode(stderr), new TextDecoder().decode(stdout), code],
    ["1970-01-01T00:00:00.000Z info from a worker permissions=none\n", "", 0],
  );
});
