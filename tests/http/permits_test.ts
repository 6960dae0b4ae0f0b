import assert from "node:assert/strict";
import fc from "fast-check";
import type { GetOptions, HttpResult } from "../../src/http/mod.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { open, send, serveRaw } from "./_web.ts";

/** What the server may do with a request; `hold` never answers. */
const ANSWERS: Record<string, string> = {
  ok: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  empty: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  none: "HTTP/1.1 204 No Content\r\n\r\n",
  unchanged: "HTTP/1.1 304 Not Modified\r\n\r\n",
  cut: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
  stalled: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell",
  coded: "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
  limited: "HTTP/1.1 429 Slow\r\nContent-Length: 5\r\n\r\nhello",
  unwilling: 'HTTP/1.1 422 No\r\nContent-Length: 31\r\n\r\n{"message":"Too many requests"}',
  unfit: "HTTP/1.1 422 No\r\nContent-Length: 31\r\n\r\n{",
  garbage: "garbage\r\n\r\n",
  reset: "",
  hold: "",
};

type Use = "read" | "peek" | "cancel" | "leave" | "abort" | "wait";

async function use(
  result: HttpResult,
  how: Use,
  controller: AbortController,
  clock: ManualClock,
): Promise<void> {
  if (result.type !== "response") return;
  await using body = result.body;
  if (how === "read") await body.readText();
  if (how === "peek") await body.peekText(3);
  if (how === "cancel") await body.cancel();
  if (how === "abort") controller.abort(new Error("stop"));
  if (how === "wait") await clock.advance(10_000_000);
}

Deno.test("every permit is disposed once, after one report if its request left, whatever happens", async () => {
  const pathOf = (request: string) => request.split(" ")[1]?.split("/") ?? [];
  await using raw = serveRaw(async (connection, request) => {
    const [, step = "", ...rest] = pathOf(request);
    if (step === "hold") return;
    if (rest.length > 0) {
      return await send(
        connection,
        `HTTP/1.1 302 Found\r\nLocation: /${rest.join("/")}\r\nContent-Length: 0\r\n\r\n`,
      );
    }
    await send(connection, ANSWERS[step] ?? "", step !== "stalled");
  });
  const oneRun = async (hops: number, last: string, how: Use, early: boolean, api: boolean) => {
    const clock = new ManualClock();
    using web = open({ clock, maxRedirects: 3, timeouts: { idleMs: 1000 } });
    const controller = new AbortController();
    const request: Partial<GetOptions> = { signal: controller.signal, ...(api && { refusals: [] }) };
    const path = [...Array(hops).keys(), last].map((step) => `/${step}`).join("");
    const pending = web.get(raw.url + path, request).then((result) => use(result, how, controller, clock))
      .catch(() => {});
    if (early) controller.abort(new Error("early"));
    // What never ends by itself is ended by time.
    if (last === "hold" || last === "stalled" || last === "unfit") {
      let isDone = false;
      pending.finally(() => isDone = true);
      while (!isDone) await clock.advance(1_000_000);
    }
    await pending;
    const { log, granted, disposed } = web.permits;
    assert.equal(disposed, granted, log.join("\n"));
    assert.ok(!log.some((line) => /^(LATE|SECOND)/.test(line)), log.join("\n"));
    for (let id = 1; id <= granted; id++) {
      const reports = log.filter((line) => line.startsWith(`report ${id} `)).length;
      // The last permit of a refusal only asks when to come back; an early abort may come before anything left.
      const isProbe = log.some((line) => /^report \d+ 4(29|22)/.test(line)) && id === granted;
      assert.ok(reports === 1 || (reports === 0 && (isProbe || early)), log.join("\n"));
      // Told before its answer, and of nothing that did not leave.
      const reported = log.findIndex((line) => line.startsWith(`report ${id} `));
      const departed = log.indexOf(`depart ${id}`);
      assert.ok(reports === 0 || (departed >= 0 && departed < reported), log.join("\n"));
    }
    assert.equal(clock.pendingTimers, 0);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.nat(4),
      fc.constantFrom(...Object.keys(ANSWERS)),
      fc.constantFrom<Use>("read", "peek", "cancel", "leave", "abort", "wait"),
      fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
      fc.boolean(),
      oneRun,
    ),
    { numRuns: 150 },
  );
});
