import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Permit, PermitSource } from "../../src/model/permit.ts";
import { StoreError } from "../../src/pipeline/mod.ts";
import { namesIn } from "./_out_dir.ts";
import { makePdf } from "./_pdf.ts";
import {
  type Answering,
  bodyOf,
  cursorOf,
  found,
  type Host,
  openRig,
  page,
  pdf,
  recordOf,
  resolver,
  type Rig,
  startHost,
  status,
} from "./_rig.ts";

/** Fetches one candidate, as a job's only one. */
function fetchOne(rig: Rig, url: string, name = "abc") {
  return rig.run([resolver("naming", found([{ url }]))], { artifactId: `doi:10.1234/${name}` });
}

/** The reason for which one candidate was refused, with its status. */
async function refusal(rig: Rig, answer: Answering, name: string): Promise<unknown[]> {
  await using host = startHost({ "/a": answer });
  const { tried: [tried], reason } = recordOf(await fetchOne(rig, `${host.url}/a`, name));
  assert.equal(reason, tried?.reason);
  return [reason, tried?.status];
}

const FILE = makePdf(50_000);
const PART_BYTES = 20_000;
const MODIFIED = { "last-modified": "Tue, 03 Jun 2025 10:00:00 GMT", date: "Tue, 03 Jun 2025 11:00:00 GMT" };

/** The first bytes of the file, and then the connection breaks. */
function broken(headers: Record<string, string>): Answering {
  return () => {
    let sent = false;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      if (sent) return controller.close();
      sent = true;
      controller.enqueue(bodyOf(FILE.subarray(0, PART_BYTES)));
    };
    // Nothing is pulled ahead: it ends short of its announced length after the first bytes were taken.
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    return new Response(stream, { headers: { "content-length": String(FILE.length), ...headers } });
  };
}

/** A 206 with these bytes and this range. */
function partial(from: number, headers: Record<string, string>, range = rangeOf(from)): Answering {
  return () =>
    new Response(bodyOf(FILE.subarray(from)), {
      status: 206,
      headers: { "content-range": range, ...headers },
    });
}

function rangeOf(from: number, to = FILE.length - 1, total = FILE.length): string {
  return `bytes ${from}-${to}/${total}`;
}

/** Two attempts on a file whose first transfer breaks, the second one answered as told; a third where there is need. */
async function twice(headers: Record<string, string>, ...answers: Answering[]) {
  await using rig = await openRig();
  await using host: Host = startHost({ "/a": [broken(headers), ...answers] });
  const naming = resolver("naming", found([{ url: `${host.url}/a` }]));
  const first = await rig.run([naming]);
  assert.deepEqual([first.type, recordOf(first).reason], ["failed", "truncated"]);
  const keptFiles = await namesIn(join(rig.outDir, ".part"));
  let end = await rig.run([naming], { cursor: cursorOf(first), attempts: 1 });
  const second = end;
  if (end.type === "failed") end = await rig.run([naming], { cursor: end.cursor, attempts: 2 });
  const leftFiles = await namesIn(join(rig.outDir, ".part"));
  const path = join(rig.outDir, "doi/10.1234/abc.pdf");
  return {
    kept: keptFiles.length > 0,
    asked: host.fields.map((headers) => [headers.get("range"), headers.get("if-range")]),
    second: recordOf(second).reason,
    reason: recordOf(end).reason,
    whole: Boolean(
      await Deno.readFile(path).then((bytes) => bodyOf(bytes).every((byte, i) => byte === FILE[i])),
    ),
    left: leftFiles,
  };
}

const ASKED_FOR_REST = [[null, null], [`bytes=${PART_BYTES}-`, '"v1"']];

Deno.test("download() asks for the rest of a broken body, and only that, when the server gave a strong validator", async () => {
  const byTag = await twice({ etag: '"v1"' }, partial(PART_BYTES, { etag: '"v1"' }));
  assert.deepEqual(byTag, {
    kept: true,
    asked: ASKED_FOR_REST,
    second: "ok",
    reason: "ok",
    whole: true,
    left: [],
  });
  const byDate = await twice(MODIFIED, partial(PART_BYTES, MODIFIED));
  assert.deepEqual(byDate.asked[1], [`bytes=${PART_BYTES}-`, MODIFIED["last-modified"]]);
  assert.deepEqual([byDate.second, byDate.whole], ["ok", true]);
});

Deno.test("download() begins anew where nothing proves that the rest fits", async () => {
  const cases: Record<string, string>[] = [
    {},
    { etag: 'W/"v1"' },
    { etag: '"v1"', "accept-ranges": "none" },
    { "last-modified": MODIFIED["last-modified"], date: MODIFIED["last-modified"] },
  ];
  for (const headers of cases) {
    const told = await twice(headers, () => new Response(bodyOf(FILE), { headers }));
    assert.deepEqual([told.kept, told.asked, told.second, told.whole], [
      false,
      [[null, null], [null, null]],
      "ok",
      true,
    ]);
  }
});

Deno.test("download() takes the whole file when it has changed since", async () => {
  const told = await twice({ etag: '"v0"' }, () => new Response(bodyOf(FILE), { headers: { etag: '"v1"' } }));
  assert.deepEqual([told.asked[1]?.[0], told.second, told.whole, told.left], [
    "bytes=20000-",
    "ok",
    true,
    [],
  ]);
});

Deno.test("download() never joins a part that is not the rest, and begins anew on the next attempt", async () => {
  const whole: Answering = () => new Response(bodyOf(FILE), { headers: { etag: '"v1"' } });
  const wrong = [
    partial(PART_BYTES - 1, { etag: '"v1"' }),
    partial(PART_BYTES, { etag: '"v2"' }),
    partial(PART_BYTES, { etag: '"v1"' }, rangeOf(PART_BYTES, FILE.length - 2)),
    partial(PART_BYTES, { etag: '"v1"' }, rangeOf(PART_BYTES, FILE.length, FILE.length + 1)),
    partial(PART_BYTES, { etag: '"v1"' }, "bytes */50000"),
  ];
  for (const answer of wrong) {
    const told = await twice({ etag: '"v1"' }, answer, whole);
    assert.deepEqual([told.second, told.reason, told.whole, told.left], ["truncated", "ok", true, []]);
    assert.deepEqual(told.asked, [...ASKED_FOR_REST, [null, null]]);
  }
});

Deno.test("download() begins anew at once when the server has nothing under a kept URL any more", async () => {
  for (const code of [416, 403, 404]) {
    const told = await twice({ etag: '"v1"' }, status(code), () => new Response(bodyOf(FILE)));
    assert.deepEqual([told.asked, told.second, told.whole, told.left], [
      [...ASKED_FOR_REST, [null, null]],
      "ok",
      true,
      [],
    ]);
  }
});

Deno.test("download() keeps what it has when the server fails in between", async () => {
  const told = await twice({ etag: '"v1"' }, status(500), partial(PART_BYTES, { etag: '"v1"' }));
  assert.deepEqual([told.second, told.reason, told.whole, told.left], ["http-5xx", "ok", true, []]);
  assert.deepEqual(told.asked, [...ASKED_FOR_REST, ASKED_FOR_REST[1]]);
});

Deno.test("download() keeps nothing of a file that turns out broken once the rest has come", async () => {
  const rest = new Uint8Array(FILE.length - PART_BYTES).fill(120);
  const junk: Answering = () =>
    new Response(rest, { status: 206, headers: { "content-range": rangeOf(PART_BYTES), etag: '"v1"' } });
  await using rig = await openRig();
  await using host = startHost({ "/a": [broken({ etag: '"v1"' }), junk] });
  const naming = resolver("naming", found([{ url: `${host.url}/a` }]));
  const first = await rig.run([naming]);
  const second = recordOf(await rig.run([naming], { cursor: cursorOf(first), attempts: 1 }));
  assert.equal(second.outcome, "error");
  assert.deepEqual(await namesIn(join(rig.outDir, ".part")), []);
});

Deno.test("download() takes a partial answer that nobody asked for if it is the whole, and refuses others for good", async () => {
  await using rig = await openRig();
  const whole = partial(0, { etag: '"v1"' });
  const others = [
    partial(PART_BYTES, {}),
    partial(0, {}, rangeOf(0, FILE.length - 1, FILE.length + 1)),
    partial(0, {}, `bytes 0-${FILE.length - 1}/*`),
    partial(0, {}, rangeOf(0, FILE.length, FILE.length + 1)),
    partial(0, { "content-type": "multipart/byteranges; boundary=x" }),
  ];
  for (const [index, answer] of others.entries()) {
    await using host = startHost({ "/a": answer });
    const end = await fetchOne(rig, `${host.url}/a`, `partial${index}`);
    const { reason, tried } = recordOf(end);
    assert.deepEqual([end.type, reason, tried[0]?.status], ["finished", "not-pdf", 206], String(index));
  }
  await using host = startHost({ "/a": whole });
  const record = recordOf(await fetchOne(rig, `${host.url}/a`, "whole"));
  assert.deepEqual([record.reason, record.bytes], ["ok", FILE.length]);
});

Deno.test("download() tells a login and a check for robots from other refusals", async () => {
  await using rig = await openRig();
  const login = "<html><title>Sign in</title><body>Sign in to continue</body></html>";
  const robot = "<html><title>Just a moment...</title></html>";
  const plain = "<html><body>No.</body></html>";
  const cases = [
    [page(login, 401), "login-wall", 401],
    [page(robot, 401), "bot-wall", 401],
    [page(plain, 401), "login-wall", 401],
    [status(401), "login-wall", 401],
    [page(login, 403), "login-wall", 403],
    [page(robot, 403), "bot-wall", 403],
    [page(robot, 503), "bot-wall", 503],
    [page(plain, 403), "http-4xx", 403],
    [page(robot, 404), "http-4xx", 404],
    [page(plain, 503), "http-5xx", 503],
    [page(robot), "bot-wall", 200],
    [page(login), "login-wall", 200],
    [page(plain), "html-instead-of-pdf", 200],
    [() => new Response(null, { status: 204 }), "not-pdf", 204],
    [status(410), "http-4xx", 410],
    [status(500), "http-5xx", 500],
    [status(200, {}, "{}"), "not-pdf", 200],
    [() => new Response(null), "too-small", 200],
  ] as const;
  for (const [index, [answer, reason, code]] of cases.entries()) {
    assert.deepEqual(await refusal(rig, answer, `wall-${index}`), [reason, code]);
  }
  assert.deepEqual(await namesIn(join(rig.outDir, ".part")), []);
});

Deno.test("download() refuses a file that ends before its structural end, framed or not", async () => {
  await using rig = await openRig();
  const half = bodyOf(FILE.subarray(0, 30_000));
  assert.deepEqual(await refusal(rig, () => new Response(half), "half"), ["truncated", 200]);
  const streamed: Answering = () => new Response(new Blob([half]).stream());
  assert.deepEqual(await refusal(rig, streamed, "half-chunked"), ["truncated", 200]);
});

Deno.test("download() stops at network.max_bytes, announced or not, and keeps nothing of it", async () => {
  await using rig = await openRig({ maxBytes: 10_000 });
  assert.deepEqual(await refusal(rig, pdf(10_001, { etag: '"v1"' }), "announced"), ["too-large", 200]);
  const streamed: Answering = () =>
    new Response(new Blob([bodyOf(FILE)]).stream(), { headers: { etag: '"v1"' } });
  assert.deepEqual(await refusal(rig, streamed, "chunked"), ["too-large", 200]);
  assert.deepEqual(await namesIn(join(rig.outDir, ".part")), []);
});

Deno.test("download() takes a gzip body that it did not ask for, but resumes none", async () => {
  await using rig = await openRig();
  const packed = gzipSync(FILE);
  const headers = { "content-encoding": "gzip", etag: '"v1"' };
  await using host = startHost({
    "/a": () => new Response(bodyOf(packed), { headers }),
    "/cut": () => new Response(bodyOf(packed.subarray(0, packed.length - 20)), { headers }),
    "/mislabelled": () => new Response(bodyOf(FILE), { headers }),
    "/twice": () => new Response(bodyOf(gzipSync(packed)), { headers }),
  });
  for (const name of ["mislabelled", "twice"]) {
    const { reason, bytes } = recordOf(await fetchOne(rig, `${host.url}/${name}`, name));
    assert.deepEqual([reason, bytes], ["ok", FILE.length], name);
  }
  host.fields.length = 0;
  const record = recordOf(await fetchOne(rig, `${host.url}/a`));
  assert.deepEqual([record.reason, record.bytes], ["ok", FILE.length]);
  assert.equal(host.fields[0]?.get("accept-encoding"), "identity");
  const cut = recordOf(await fetchOne(rig, `${host.url}/cut`, "cut"));
  assert.equal(cut.reason, "truncated");
  assert.deepEqual(await namesIn(join(rig.outDir, ".part")), []);
});

Deno.test("download() gives up a page of 200 MB after its first bytes", async () => {
  await using rig = await openRig();
  const chunk = new TextEncoder().encode("<html><body>" + "an endless page ".repeat(1_000));
  let sent = 0;
  const cancelled = Promise.withResolvers<void>();
  await using host = startHost({
    "/a": () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull(controller) {
            controller.enqueue(chunk);
            sent += chunk.length;
            if (sent >= 200_000_000) controller.close();
          },
          cancel: () => cancelled.resolve(),
        }),
        { headers: { "content-type": "application/pdf" } },
      ),
  });
  const record = recordOf(await fetchOne(rig, `${host.url}/a`));
  assert.equal(record.reason, "html-instead-of-pdf");
  // What the sockets' buffers hold is sent as well.
  assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
  await cancelled.promise;
});

Deno.test("download() hands on that the disk cannot be written to", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": pdf() });
  // A file where the parts' directory should be: a system's refusal that even root meets.
  await Deno.writeTextFile(join(rig.outDir, ".part"), "");
  await assert.rejects(fetchOne(rig, `${host.url}/a`), StoreError);
});

Deno.test("download() gives a redirect loop its own reason", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": () => Response.redirect(`${host.url}/a`) });
  const loop = recordOf(await fetchOne(rig, `${host.url}/a`, "loop"));
  assert.deepEqual([loop.reason, loop.tried[0]?.status], ["redirect-loop", null]);
});

/** Two leases of a work whose candidate leads to a host that is closed in the first, and then answers so. */
async function redirected(answer: Answering) {
  await using rig = await openRig();
  await using target = startHost({ "/old": answer, "/new": pdf() });
  await using source = startHost({
    "/start": [() => Response.redirect(`${target.url}/old`), () => Response.redirect(`${target.url}/new`)],
  });
  rig.gates.close(target.group, rig.clock.now() + 1_000);
  const naming = resolver("naming", found([{ url: `${source.url}/start` }]));
  const cursor = cursorOf(await rig.run([naming]));
  let under = 0, most = 0;
  const permits: PermitSource = {
    acquire(groups) {
      most = Math.max(most, ++under);
      const permit: Permit = {
        type: "permit",
        groups,
        depart() {},
        report() {},
        [Symbol.dispose]: () => void under--,
      };
      return Promise.resolve(permit);
    },
  };
  const { reason } = recordOf(await rig.run([naming], { cursor }, { permits }));
  return { reason, most, asked: source.paths.length };
}

Deno.test("download() begins a redirect anew where its end is gone, with one permit at a time", async () => {
  assert.deepEqual(await redirected(page("gone", 404)), { reason: "ok", most: 1, asked: 2 });
  // A host that fails may have the file all the same.
  assert.deepEqual(await redirected(page("busy", 500)), { reason: "http-5xx", most: 1, asked: 1 });
});

Deno.test("download() judges a refusal by what came of its page", async () => {
  await using rig = await openRig();
  const cut: Answering = () => {
    let sent = false;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      if (sent) return controller.close();
      sent = true;
      controller.enqueue(new TextEncoder().encode("<html><title>Just a moment...</title>"));
    };
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    return new Response(stream, { status: 403, headers: { "content-length": "90000" } });
  };
  assert.deepEqual(await refusal(rig, cut, "cut"), ["bot-wall", 403]);
});

Deno.test("download() asks robots.txt where it is told to", async () => {
  await using rig = await openRig({
    robots: () => Promise.resolve({ type: "disallowed", detail: "keep out" }),
  });
  await using host = startHost({ "/a": pdf() });
  const record = recordOf(await fetchOne(rig, `${host.url}/a`));
  assert.deepEqual([record.reason, host.paths], ["robots-disallowed", []]);
});

Deno.test("download() looks for no part where no earlier lease can have left one", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": [broken({ etag: '"v1"' }), () => new Response(bodyOf(FILE))] });
  const naming = resolver("naming", found([{ url: `${host.url}/a` }]));
  const cursor = cursorOf(await rig.run([naming]));
  await rig.run([naming], { cursor, attempts: 1, mayResume: false });
  assert.equal(host.fields.at(-1)?.get("range"), null);
});
