import assert from "node:assert/strict";
import { type ByteSource, decoded } from "../../src/http/_decoding.ts";

const MIB = 1024 * 1024;

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** Gives pieces of a body, all in the same memory, as a body's reader does. */
function sourceOf(bytes: Uint8Array<ArrayBuffer>, ...firstPieces: readonly number[]): ByteSource {
  const memory = new Uint8Array(64 * 1024);
  const sizes = [...firstPieces];
  let at = 0;
  return {
    read() {
      memory.fill(0xff);
      const piece = bytes.subarray(at, at + (sizes.shift() ?? memory.length));
      at += piece.length;
      memory.set(piece);
      return Promise.resolve(piece.length === 0 ? null : memory.subarray(0, piece.length));
    },
  };
}

async function readAll(source: ByteSource): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let piece = await source.read(); piece !== null; piece = await source.read()) {
    pieces.push(piece.slice());
  }
  return await new Blob(pieces).bytes();
}

function random(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

Deno.test("decoded() knows gzip by its first two bytes, however they come", async () => {
  const text = random(100_000);
  const packed = await gzip(text);
  for (const pieces of [[], [1], [1, 1], [2], [3]]) {
    assert.deepEqual(await readAll(decoded(sourceOf(packed, ...pieces), ["gzip"], "u")), text);
  }
  // The first byte of gzip and no more: a file that was cut, not one under a wrong label.
  await assert.rejects(readAll(decoded(sourceOf(packed.subarray(0, 1)), ["gzip"], "u")), {
    reason: "truncated",
  });
  const other = new Uint8Array([0x1f, 0x9d, 0x90, 1, 2, 3]);
  for (const pieces of [[], [1]]) {
    assert.deepEqual(await readAll(decoded(sourceOf(other, ...pieces), ["gzip"], "u")), other);
  }
});

Deno.test("decoded() undoes two layers and leaves a third", async () => {
  const twice = await gzip(await gzip(random(1_000)));
  const thrice = await gzip(twice);
  const packed = await gzip(thrice);
  for (const codings of [["gzip"], ["gzip", "gzip"]]) {
    assert.deepEqual(await readAll(decoded(sourceOf(packed), codings, "u")), twice);
  }
});

Deno.test("decoded() takes a large file that packs badly, and a small one that packs well", async () => {
  for (const file of [random(11 * MIB), new Uint8Array(9 * MIB)]) {
    const size = (await readAll(decoded(sourceOf(await gzip(file)), ["gzip"], "u"))).length;
    assert.equal(size, file.length);
  }
});

Deno.test("decoded() passes on what its source failed with", async () => {
  const packed = await gzip(random(1_000));
  const source = sourceOf(packed, 500);
  let reads = 0;
  const failing = { read: () => reads++ === 0 ? source.read() : Promise.reject(new Error("reset")) };
  await assert.rejects(readAll(decoded(failing, ["gzip"], "u")), { message: "reset" });
});
