import assert from "node:assert/strict";
import fc from "fast-check";
import { type PdfVerdict, PdfVerifier, type TransferLength } from "../../src/pipeline/verify_pdf.ts";
import { bytesOf, concat, makeLinearized, makePdf, replaced } from "./_pdf.ts";

const unannounced: TransferLength = { announcedBytes: null };

function judge(
  body: Uint8Array,
  length: TransferLength = { announcedBytes: body.length },
  chunk = 65_536,
): PdfVerdict {
  const verifier = new PdfVerifier();
  for (let at = 0; at < body.length; at += chunk) verifier.feed(body.subarray(at, at + chunk));
  return verifier.verdict(length);
}

function reasonOf(body: Uint8Array, length?: TransferLength): string {
  const verdict = judge(body, length);
  return verdict.ok ? (verdict.proven ? "ok" : "ok-unproven") : verdict.reason;
}

Deno.test("PdfVerifier accepts whole PDFs of any size and says whether their length is proven", () => {
  for (const bytes of [2_000, 4_000, 70_000, 1_000_000]) {
    const pdf = makePdf(bytes);
    assert.equal(reasonOf(pdf), "ok");
    assert.equal(reasonOf(pdf, unannounced), "ok-unproven");
    assert.equal(reasonOf(pdf, { announcedBytes: null, framed: true }), "ok");
  }
});

Deno.test("PdfVerifier judges the same however the bytes are cut into chunks", () => {
  const page = bytesOf(`<html><title>x</title>${"y".repeat(3_000)}</html>`);
  const bodies = [makePdf(), makePdf(40_000), makePdf().subarray(0, 3_000), page, new Uint8Array(5_000)];
  fc.assert(fc.property(fc.constantFrom(...bodies), fc.integer({ min: 1, max: 70_000 }), (body, chunk) => {
    assert.deepEqual(judge(body, unannounced, chunk), judge(body, unannounced));
  }));
});

Deno.test("PdfVerifier finds a PDF truncated wherever it is cut", () => {
  const pdf = makePdf(40_000);
  for (
    const bytes of [9, 63, 100, 1_023, 1_024, 1_025, 20_000, pdf.length - 30, pdf.length - 6, pdf.length - 2]
  ) {
    const cut = pdf.subarray(0, bytes);
    assert.equal(reasonOf(cut, { announcedBytes: pdf.length }), "truncated", `announced, ${bytes} bytes`);
    assert.equal(reasonOf(cut, unannounced), "truncated", `unannounced, ${bytes} bytes`);
  }
  assert.equal(reasonOf(pdf.subarray(0, -1), { announcedBytes: pdf.length }), "truncated");
});

Deno.test("PdfVerifier finds a file cut on the server, whose length is as announced", () => {
  const pdf = makePdf(40_000);
  assert.equal(reasonOf(pdf.subarray(0, -7)), "truncated");
  assert.equal(reasonOf(pdf.subarray(0, 20_000)), "truncated");
});

Deno.test("PdfVerifier finds a linearized file cut after its first page's own end marker", () => {
  const { whole, firstPart } = makeLinearized(30_000);
  assert.equal(reasonOf(whole), "ok");
  assert.equal(reasonOf(whole, unannounced), "ok-unproven");
  assert.equal(reasonOf(firstPart), "truncated");
  assert.equal(reasonOf(firstPart, unannounced), "truncated");
  // A careless tool that made it shorter left its length as it was.
  const shorter = concat(whole.subarray(0, 20_000), whole.subarray(-30));
  assert.equal(reasonOf(shorter), "ok");
  assert.equal(reasonOf(shorter, unannounced), "truncated");
  assert.equal(reasonOf(concat(whole, bytesOf("5 0 obj\n<<>>\nendobj\nstartxref\n120\n%%EOF\n"))), "ok");
});

Deno.test("PdfVerifier allows for junk before the header, but only within 1,024 bytes", () => {
  const pdf = makePdf();
  const junk = (bytes: number) => concat(bytesOf("j".repeat(bytes)), pdf);
  assert.equal(reasonOf(junk(11)), "ok");
  assert.equal(reasonOf(junk(1_019)), "ok");
  assert.equal(reasonOf(junk(1_020)), "not-pdf");
  assert.equal(reasonOf(concat(bytesOf("<br />\n<b>Warning</b>: x in <b>y.php</b>\n"), pdf)), "ok");
});

Deno.test("PdfVerifier allows for padding after the end marker, within bounds", () => {
  const pdf = makePdf();
  assert.equal(reasonOf(concat(pdf, new Uint8Array(5_000))), "ok");
  assert.equal(reasonOf(concat(pdf, bytesOf("\r\n \t".repeat(3_000)))), "ok");
  assert.equal(reasonOf(concat(pdf, new Uint8Array(40_000))), "truncated");
  assert.equal(reasonOf(concat(pdf, bytesOf("<!-- served by x -->".repeat(40)))), "ok");
  assert.equal(reasonOf(concat(pdf, bytesOf("z".repeat(1_100)))), "truncated");
});

Deno.test("PdfVerifier refuses a cross-reference that lies beyond the file", () => {
  const beyond = replaced(makePdf(), /startxref\s\d+/, "startxref\n999999");
  assert.equal(reasonOf(beyond), "bad-pdf");
  const missing = replaced(makePdf(), /startxref\s\d+\s/, "");
  assert.equal(reasonOf(missing, unannounced), "bad-pdf");
  assert.equal(reasonOf(missing), "ok", "all that was sent has come; readers rebuild the table");
});

Deno.test("PdfVerifier accepts an encrypted PDF", () => {
  assert.equal(reasonOf(replaced(makePdf(), /\/Root 1 0 R/, "/Root 1 0 R /Encrypt 4 0 R")), "ok");
});

Deno.test("PdfVerifier tells empty and tiny bodies from cut ones", () => {
  assert.equal(reasonOf(new Uint8Array()), "too-small");
  assert.equal(reasonOf(new Uint8Array(), { announcedBytes: 100 }), "truncated");
  assert.equal(reasonOf(bytesOf("%PDF-1.7\n")), "too-small");
  assert.equal(reasonOf(bytesOf("%PDF-1.7\n"), unannounced), "truncated");
});

Deno.test("PdfVerifier names what came in place of a PDF", () => {
  assert.equal(reasonOf(bytesOf("<!DOCTYPE html><html><body>No</body></html>")), "html-instead-of-pdf");
  assert.equal(reasonOf(bytesOf("\x1f\x8b\x08binary")), "not-pdf");
  assert.equal(reasonOf(bytesOf("<html>short"), { announcedBytes: 900 }), "html-instead-of-pdf");
  const aboutPdfs = "<!doctype html><p>A PDF begins with %PDF-1.7</p>" + "text ".repeat(1_000);
  assert.equal(reasonOf(bytesOf(aboutPdfs)), "html-instead-of-pdf");
});

Deno.test("refuseEarly() refuses after 1,024 bytes what can't become a PDF", () => {
  const verifier = new PdfVerifier();
  verifier.feed(new Uint8Array(1_023));
  assert.equal(verifier.refuseEarly(), null);
  verifier.feed(new Uint8Array(1));
  assert.equal(verifier.refuseEarly()?.reason, "not-pdf");
});

Deno.test("refuseEarly() never refuses a PDF, and a page only once 64 kB tell its kind", () => {
  const pdf = new PdfVerifier();
  pdf.feed(makePdf(200_000).subarray(0, 150_000));
  assert.equal(pdf.refuseEarly(), null);

  const page = new PdfVerifier();
  page.feed(bytesOf(`<html>${" ".repeat(60_000)}`));
  assert.equal(page.refuseEarly(), null);
  page.feed(bytesOf(`<input type="password">${" ".repeat(6_000)}`));
  assert.equal(page.refuseEarly()?.reason, "login-wall");
});

Deno.test("feed() holds on to no chunk", () => {
  const pdf = makePdf(100_000);
  const verifier = new PdfVerifier();
  const reused = new Uint8Array(4_096);
  for (let at = 0; at < pdf.length; at += reused.length) {
    const piece = pdf.subarray(at, at + reused.length);
    reused.set(piece);
    verifier.feed(reused.subarray(0, piece.length));
  }
  assert.deepEqual(verifier.verdict({ announcedBytes: pdf.length }), { ok: true, proven: true });
});
