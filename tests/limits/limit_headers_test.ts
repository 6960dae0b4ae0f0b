import assert from "node:assert/strict";
import fc from "fast-check";
import { type LearnedLimits, readLimitHeaders } from "../../src/limits/mod.ts";

const NOW = Date.UTC(2026, 5, 16, 14, 22, 55);

function read(headers: Record<string, string>, status = 200, message?: string): LearnedLimits {
  return readLimitHeaders(new Headers(headers), status, NOW, message);
}

Deno.test("readLimitHeaders() reads Crossref's rate, interval and concurrency", () => {
  const recorded = { "x-concurrency-limit": "3", "x-rate-limit-interval": "1s", "x-rate-limit-limit": "10" };
  const expected = { limited: false, windows: [{ limit: 10, perMs: 1_000 }], concurrency: 3 };
  assert.deepEqual(read(recorded), expected);
  assert.deepEqual(read(recorded, 404), expected);
  assert.deepEqual(read({ "x-rate-limit-interval": "1m", "x-rate-limit-limit": "50" }).windows, [
    { limit: 50, perMs: 60_000 },
  ]);
  for (
    const [interval, perMs] of [["2", 2_000], ["3 M", 180_000], ["1h", 3_600_000], ["250ms", 250]] as const
  ) {
    const { windows } = read({ "x-rate-limit-interval": interval, "x-rate-limit-limit": "5" });
    assert.deepEqual(windows, [{ limit: 5, perMs }]);
  }
  assert.deepEqual(read({ "x-rate-limit-interval": "1d", "x-rate-limit-limit": "5" }).windows, [
    { limit: 5, perMs: 86_400_000 },
  ]);
});

Deno.test("readLimitHeaders() reads GitHub's dialect with a hyphen more, where no interval stands beside it", () => {
  const headers = { "X-Rate-Limit-Limit": "7", "X-Rate-Limit-Remaining": "3", "X-Rate-Limit-Reset": "60" };
  assert.deepEqual(read(headers), { limited: false, remaining: 3, resetAt: NOW + 60_000 });
});

Deno.test("readLimitHeaders() tells an instant from seconds left", () => {
  const zenodo = { "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0" };
  const rest = { limited: false, remaining: 0 };
  const inAMinute = `${NOW / 1000 + 60}`;
  for (
    const reset of [
      "60",
      inAMinute,
      `${NOW + 60_000}`,
      "Tue, 16 Jun 2026 14:23:55 GMT",
      "2026-06-16T16:23:55+0200",
    ]
  ) {
    assert.deepEqual(
      read({ ...zenodo, "X-RateLimit-Reset": reset }),
      { ...rest, resetAt: NOW + 60_000 },
      reset,
    );
  }
});

Deno.test("readLimitHeaders() counts instants from the server's own clock", () => {
  const skewed = new Date(NOW + 3_600_000).toUTCString();
  const reset = `${NOW / 1000 + 3_660}`;
  assert.equal(read({ date: skewed, "X-RateLimit-Reset": reset }).resetAt, NOW + 60_000);
  const retryAt = new Date(NOW + 3_660_000).toUTCString();
  assert.equal(read({ date: skewed, "Retry-After": retryAt }, 503).retryAfterMs, 60_000);
});

Deno.test("readLimitHeaders() reads the budget of OpenAlex in credits and in dollars", () => {
  const credits = {
    "X-RateLimit-Limit": "100000",
    "X-RateLimit-Remaining": "99990",
    "X-RateLimit-Credits-Used": "10",
    "X-RateLimit-Reset": "3600",
  };
  assert.deepEqual(read(credits), {
    limited: false,
    resetAt: NOW + 3_600_000,
    budget: { remaining: 99_990, cost: 10 },
  });
  assert.equal(read({ "X-RateLimit-Credits-Required": "4" }, 429).budget?.cost, 4);
  const dollars = {
    "X-RateLimit-Limit-USD": "0.1",
    "X-RateLimit-Remaining-USD": "0.099",
    "X-RateLimit-Cost-USD": "0.001",
  };
  assert.deepEqual(read({ ...credits, ...dollars }).budget, {
    remaining: 0.099,
    cost: 0.001,
  });
  assert.equal(read({ ...credits, ...dollars, "X-RateLimit-Remaining-USD": "0" }, 403).limited, true);
});

Deno.test("readLimitHeaders() reads heroku's form, recorded from OpenAlex", () => {
  assert.deepEqual(
    read({ "ratelimit-limit": "5", "ratelimit-remaining": "9", "ratelimit-reset": "1" }, 404),
    {
      limited: false,
      remaining: 9,
      resetAt: NOW + 1_000,
    },
  );
});

Deno.test("readLimitHeaders() reads every stage of the IETF drafts", () => {
  assert.deepEqual(read({ "RateLimit-Limit": "10, 10;w=1, 1000;w=3600", "RateLimit-Remaining": "9" }), {
    limited: false,
    windows: [{ limit: 10, perMs: 1_000 }, { limit: 1_000, perMs: 3_600_000 }],
    remaining: 9,
  });
  assert.deepEqual(
    read({ "RateLimit": "limit=100, remaining=50, reset=30", "RateLimit-Policy": "100;w=60" }),
    {
      limited: false,
      windows: [{ limit: 100, perMs: 60_000 }],
      remaining: 50,
      resetAt: NOW + 30_000,
    },
  );
  assert.deepEqual(
    read({
      "RateLimit": '"default";r=50;t=30, "burst, small";r=2;t=1',
      "RateLimit-Policy":
        '"default";q=100;w=60, "burst, small";q=5;w=1;pk=:a;b:, "bytes";qu="content-bytes";q=9;w=1',
    }),
    {
      limited: false,
      windows: [{ limit: 100, perMs: 60_000 }, { limit: 5, perMs: 1_000 }],
      remaining: 2,
      resetAt: NOW + 1_000,
    },
  );
});

Deno.test("readLimitHeaders() takes the state that has the fewest left", () => {
  const { remaining, resetAt } = read({ "RateLimit": '"day";t=5, "burst";r=2;t=1' });
  assert.deepEqual([remaining, resetAt], [2, NOW + 1_000]);
});

Deno.test("readLimitHeaders() takes the least of a field that was sent twice, and rounds to the safe side", () => {
  assert.equal(read({ "X-RateLimit-Remaining": "5, 0" }).remaining, 0);
  assert.deepEqual(read({ "RateLimit-Policy": "2.5;w=0.0015" }).windows, [{ limit: 2, perMs: 2 }]);
  assert.equal(read({ "RateLimit-Reset": "0.0005" }).resetAt, NOW + 1);
  assert.equal(read({ "X-Concurrency-Limit": "2.5" }).concurrency, 2);
});

Deno.test("readLimitHeaders() leaves out limits below one, windows too long to count and days that are not there", () => {
  assert.deepEqual(read({ "X-Concurrency-Limit": "0" }), { limited: false });
  assert.deepEqual(read({ "RateLimit-Policy": "0;w=60, 0.5;w=60" }), { limited: false });
  assert.deepEqual(read({ "RateLimit-Policy": `5;w=${"9".repeat(15)}` }), { limited: false });
  assert.deepEqual(read({ "X-RateLimit-Reset": "2026-99-99T00:00:00Z" }), { limited: false });
});

Deno.test("readLimitHeaders() reads Retry-After, and the longer one of CORE's", () => {
  assert.deepEqual(read({ "Retry-After": "5000" }, 429), { limited: true, retryAfterMs: 5_000_000 });
  assert.equal(read({ "Retry-After": "Tue, 16 Jun 2026 14:24:55 GMT" }, 503).retryAfterMs, 120_000);
  const core = { "X-RateLimit-Retry-After": "2026-06-16T14:32:55+0000", "X-RateLimitRemaining": "0" };
  assert.deepEqual(read(core, 429), { limited: true, remaining: 0, retryAfterMs: 600_000 });
  assert.equal(read({ ...core, "Retry-After": "5000" }, 429).retryAfterMs, 5_000_000);
  assert.equal(read({ "X-RateLimit-Retry-After": "2026-06-16T14:00:00+0000" }, 429).retryAfterMs, 0);
  assert.deepEqual(read({ "Retry-After": "5000" }, 202), { limited: false });
  assert.equal(read({ "Retry-After": "5000" }, 300).retryAfterMs, 5_000_000);
});

Deno.test("readLimitHeaders() tells a refusal from other errors", () => {
  const cases: ReadonlyArray<readonly [boolean, number, Record<string, string>, string?]> = [
    [true, 429, {}],
    [false, 503, {}],
    [true, 503, { "Retry-After": "5" }],
    [true, 503, {}, "Please reduce your request rate: SlowDown"],
    [false, 403, {}],
    [true, 403, { "X-RateLimit-Remaining": "0" }],
    [true, 403, { "Retry-After": "5" }],
    [true, 403, {}, "API rate limit exceeded"],
    [true, 400, {}, "Too many requests"],
    [true, 402, { "X-RateLimit-Remaining-USD": "0" }],
    [false, 403, { "X-RateLimit-Remaining": "7" }],
    [false, 200, { "X-RateLimit-Remaining": "0" }, "too many requests per second"],
    [true, 422, {}, "Too many requests per second, please slow down"],
    [true, 422, {}, "too many email addresses used from this IP"],
    [false, 422, {}, "Please use your own email address in API calls"],
    [false, 404, {}, "rate limit"],
  ];
  for (const [limited, status, headers, message] of cases) {
    assert.equal(
      read(headers, status, message).limited,
      limited,
      `${status} ${JSON.stringify(headers)} ${message}`,
    );
  }
});

Deno.test("readLimitHeaders() leaves out what makes no sense", () => {
  const bad = [
    "",
    "-1",
    "NaN",
    "Infinity",
    "1e9",
    "0x10",
    "ten",
    ";;;",
    '"',
    "=",
    "10;w=0",
    "9".repeat(99),
    "1,,2",
  ];
  for (const value of bad) {
    const headers = new Headers();
    for (const name of NAMES) headers.set(name, value);
    const { limited, ...told } = readLimitHeaders(headers, 200, NOW);
    assert.equal(limited, false);
    assert.equal(told.windows, undefined, value);
    assert.equal(told.concurrency, undefined, value);
  }
});

const NAMES = [
  "date",
  "retry-after",
  "x-rate-limit-limit",
  "x-rate-limit-interval",
  "x-concurrency-limit",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-retry-after",
  "x-ratelimit-credits-used",
  "x-ratelimit-limit-usd",
  "x-ratelimit-remaining-usd",
  "x-ratelimit-cost-usd",
  "ratelimit",
  "ratelimit-policy",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
];

const fragment = fc.constantFrom(
  '"',
  ";",
  ",",
  "=",
  "w=1",
  "q=5",
  "r=0",
  "t=9",
  "1s",
  "0",
  "7",
  "1781620000",
  "\\",
  " ",
  "GMT",
  "-",
);
const value = fc.oneof(
  fc.array(fragment).map((parts) => parts.join("")),
  fc.string(),
  fc.nat().map(String),
  fc.double().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
);

Deno.test("readLimitHeaders() never throws and gives only numbers that can be used", () => {
  const entries = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 12 });
  fc.assert(
    fc.property(entries, fc.integer({ min: 100, max: 599 }), fc.string(), (entries, status, message) => {
      const headers = new Headers();
      for (const [name, text] of entries) {
        if (/^[\x20-\x7e]*$/.test(text)) headers.append(name, text);
      }
      const told = readLimitHeaders(headers, status, NOW, message);
      for (const { limit, perMs } of told.windows ?? []) {
        assert.ok(Number.isSafeInteger(limit) && limit >= 1 && Number.isSafeInteger(perMs) && perMs >= 1);
      }
      const budget = told.budget;
      const numbers = [
        told.remaining,
        told.retryAfterMs,
        budget?.remaining,
        budget?.cost,
      ];
      for (const number of numbers) assert.ok(number === undefined || Number.isFinite(number) && number >= 0);
      assert.ok(told.resetAt === undefined || Number.isFinite(told.resetAt));
      assert.ok(
        told.concurrency === undefined || Number.isSafeInteger(told.concurrency) && told.concurrency >= 1,
      );
    }),
    { numRuns: 2_000 },
  );
});
