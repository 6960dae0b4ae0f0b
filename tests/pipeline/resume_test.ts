import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkContentRange,
  checkPartialResponse,
  holdsWhole,
  resumeHeaders,
  type ResumePoint,
  strongValidatorOf,
} from "../../src/pipeline/resume.ts";

const point: ResumePoint = { url: "http://a.test/x.pdf", validator: '"v1"', totalBytes: 1_000, bytes: 400 };
const date = "Sun, 06 Nov 1994 08:50:37 GMT";
const minuteBefore = "Sun, 06 Nov 1994 08:49:37 GMT";

Deno.test("strongValidatorOf() takes strong entity tags only", () => {
  const of = (etag: string) => strongValidatorOf(new Headers({ etag, date, "last-modified": minuteBefore }));
  assert.equal(of('"abc"'), '"abc"');
  assert.equal(of('""'), '""');
  for (const bad of ['W/"abc"', "abc", '"a"b"', '"a b"', '"abc']) assert.equal(of(bad), null, bad);
});

Deno.test("strongValidatorOf() takes a date a minute older than the answer, if there is no tag", () => {
  const of = (modified: string, answered: string) =>
    strongValidatorOf(new Headers({ "last-modified": modified, ...(answered ? { date: answered } : {}) }));
  assert.equal(of(minuteBefore, date), minuteBefore);
  assert.equal(of("Sun, 06 Nov 1994 08:49:38 GMT", date), null);
  assert.equal(of(minuteBefore, ""), null);
  assert.equal(of("yesterday", date), null);
  assert.equal(of("1994-11-06", date), null);
  assert.equal(of("Sun Nov  6 08:49:37 1994", date), null);
  assert.equal(strongValidatorOf(new Headers()), null);
});

Deno.test("resumeHeaders() asks for the rest of the same version, uncoded", () => {
  assert.deepEqual(resumeHeaders(point), {
    "range": "bytes=400-",
    "if-range": '"v1"',
    "accept-encoding": "identity",
  });
});

Deno.test("checkContentRange() takes exactly the rest", () => {
  assert.deepEqual(checkContentRange("bytes 400-999/1000", point), { ok: true, totalBytes: 1_000 });
  assert.deepEqual(checkContentRange("Bytes 400-999/*", point), { ok: true, totalBytes: 1_000 });
  const unknown = { ...point, totalBytes: null };
  assert.deepEqual(checkContentRange("bytes 400-1233/1234", unknown), { ok: true, totalBytes: 1_234 });
  assert.deepEqual(checkContentRange("bytes 400-1233/*", unknown), { ok: true, totalBytes: null });
});

Deno.test("checkContentRange() refuses every other range", () => {
  const others = [
    null,
    "",
    "bytes 0-999/1000",
    "bytes 401-999/1000",
    "bytes 399-999/1000",
    "bytes 400-998/1000",
    "bytes 400-1000/1000",
    "bytes 400-999/1001",
    "bytes 400-1000/1001",
    "bytes 400-399/1000",
    "bytes 400-998/*",
    "bytes */1000",
    "items 400-999/1000",
    "bytes=400-999/1000",
    "bytes 400-999/1000, bytes 0-1/1000",
    "bytes 400-9999999999999999999/1000",
    "bytes -400-999/1000",
  ];
  for (const header of others) assert.equal(checkContentRange(header, point).ok, false, String(header));
  // Where nobody knows the end, the range has one all the same.
  assert.equal(checkContentRange("bytes 400-399/*", { ...point, totalBytes: null }).ok, false);
});

Deno.test("checkContentRange() never joins bytes at the wrong place", () => {
  const number = fc.nat({ max: 30 });
  fc.assert(fc.property(number, number, number, number, number, (first, last, stated, held, total) => {
    const part = { ...point, bytes: held, totalBytes: total };
    const { ok } = checkContentRange(`bytes ${first}-${last}/${stated}`, part);
    assert.equal(ok, first === held && stated === total && last === total - 1 && last >= first);
  }));
});

Deno.test("checkPartialResponse() joins only the same version, in one plain part", () => {
  const check = (headers: Record<string, string>, part = point) =>
    checkPartialResponse(new Headers({ "content-range": "bytes 400-999/1000", ...headers }), part).ok;
  assert.equal(check({ etag: '"v1"' }), true);
  assert.equal(check({}), true, "If-Range vouches for an answer that states no validator");
  assert.equal(check({ etag: '"v2"' }), false);
  assert.equal(check({ etag: 'W/"v1"' }), false);
  assert.equal(check({ "content-type": "multipart/byteranges; boundary=x" }), false);
  assert.equal(check({ "content-encoding": "gzip" }), false);
  assert.equal(check({ "content-encoding": "identity", "content-type": "application/pdf" }), true);
  const dated = { ...point, validator: minuteBefore };
  assert.equal(check({ "last-modified": minuteBefore }, dated), true);
  assert.equal(check({ "last-modified": date }, dated), false);
});

Deno.test("holdsWhole() wants one range from the first byte to a last one that is known", () => {
  const holds = (range: string, more: Record<string, string> = {}) =>
    holdsWhole(new Headers({ "content-range": range, ...more }));
  assert.equal(holds("bytes 0-99/100"), true);
  assert.equal(holds("bytes 0-99/100", { "content-length": "100" }), true);
  assert.equal(holds("bytes 0-99/100", { "content-length": "99" }), false);
  assert.equal(holds("bytes 0-99/*"), false);
  assert.equal(holds("bytes 1-99/100"), false);
  assert.equal(holds("bytes 0-98/100"), false);
  assert.equal(holds("bytes 0-99/100", { "content-type": "multipart/byteranges; boundary=x" }), false);
});
