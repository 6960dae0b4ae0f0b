import assert from "node:assert/strict";
import fc from "fast-check";
import { ID_KINDS } from "../../src/model/identifier.ts";
import { filePathOf } from "../../src/pipeline/file_name.ts";

const nasty = fc.constantFrom(
  ...'abAB10./\\:*?"<>|~_- \0\n%()é',
  "e\u0301",
  "é",
  "ſ",
  "İ",
  "K",
  "com¹",
  "con",
  "CON",
  "nul.",
  "..",
  "\ud800",
  "\udfff",
  "😀",
  "PMC1",
  "W1",
  "10.1/",
);
const value = fc.oneof(
  fc.array(nasty, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
);
const id = fc.tuple(fc.constantFrom(...ID_KINDS), value).map(([kind, text]) => `${kind}:${text}`);

/** What a file system may make of a path before it compares it. */
const folds = (path: string) =>
  ["NFC", "NFD", "NFKC"].map((form) => path.normalize(form).toLowerCase().toUpperCase());

Deno.test("filePathOf() gives plain ids plain names", () => {
  assert.equal(filePathOf("doi:10.1371/journal.pone.0213978"), "doi/10.1371/journal.pone.0213978.pdf");
  assert.equal(filePathOf("arxiv:1605.08386"), "arxiv/1605.08386.pdf");
  assert.equal(filePathOf("pmcid:PMC12008803"), "pmcid/PMC12008803.pdf");
  assert.equal(filePathOf("openalex:W2741809807"), "openalex/W2741809807.pdf");
  assert.equal(filePathOf("pmid:29456894", "xml"), "pmid/29456894.xml");
});

Deno.test("filePathOf() keeps its names from release to release", () => {
  assert.equal(filePathOf("arxiv:hep-th/9901001"), "arxiv/hep-th_9901001~e5fcf8b9c7420529.pdf");
  assert.equal(
    filePathOf("doi:10.1002/(sici)1098-2736(199908)36:6<637::aid-tea4>3.0.co;2-9"),
    "doi/10.1002/_sici_1098-2736_199908_36_6_637_aid-tea4_3.0.co_2-9~ec34b8c1aeab1908.pdf",
  );
  assert.equal(filePathOf("url:https://A.test/Paper.PDF"), "url/https_a.test_paper.pdf~b20e35415963d519.pdf");
  assert.equal(filePathOf("doi:10.1/con.x"), "doi/10.1/_con.x~55cc9fde3f2a95a1.pdf");
});

Deno.test("filePathOf() gives different ids different paths, however a file system folds them", () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      fc.pre(a !== b);
      const foldedB = new Set(folds(filePathOf(b)));
      assert.ok(!folds(filePathOf(a)).some((path) => foldedB.has(path)), `${filePathOf(a)} ${filePathOf(b)}`);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("filePathOf() parts ids that differ only in what gets folded or replaced", () => {
  const alike = [
    ...[
      "doi:10.1/ab",
      "doi:10.1/aB",
      "doi:10.1/a/b",
      "doi:10.1/a_b",
      "doi:10.1/a:b",
      "doi:10.1/ab.",
      "doi:10.1/ab ",
    ],
    ...[
      "doi:10.1/é",
      "doi:10.1/e\u0301",
      "doi:10.1/\ud800",
      "doi:10.1/\ud801",
      "doi:10.1/\ufffd",
      "doi:10.1",
      "doi:10.1/",
    ],
    ...[
      "doi:10.1.pdf/a",
      "doi:10.1/.a",
      "doi:10.1/..",
      "doi:10.1/../../a",
      "doi:/a",
      "doi:10.1//a",
      "url:a",
      "url:A",
    ],
    ...[
      "pmcid:PMC1",
      "pmcid:pmc1",
      "pmcid:Pmc1",
      "openalex:W1",
      "openalex:w1",
      `doi:10.1/${"a".repeat(120)}`,
    ],
    ...[`doi:10.1/${"a".repeat(121)}`, `doi:10.1/${"a".repeat(122)}`, `doi:10.${"1".repeat(99)}/a`],
  ];
  const paths = new Set(alike.map((each) => filePathOf(each).toLowerCase()));
  assert.equal(paths.size, alike.length);
});

Deno.test("filePathOf() is safe on every file system", () => {
  fc.assert(
    fc.property(id, (each) => {
      const path = filePathOf(each);
      assert.match(path, /^[A-Za-z0-9._~\/-]+$/);
      assert.ok(path.length <= 259, path);
      const components = path.split("/");
      assert.equal(components.length <= 3 && components[0], each.slice(0, each.indexOf(":")));
      for (const component of components) {
        assert.doesNotMatch(component, /^$|^[.-]|[. ]$/);
        assert.ok(component.length <= 255);
        const device = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
        assert.doesNotMatch(component.split(".")[0] ?? "", device);
      }
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("filePathOf() cuts what is too long for a file system", () => {
  const long = [
    `doi:10.1/${"a".repeat(2_000)}`,
    `doi:10.1/${"A/".repeat(1_000)}`,
    `doi:10.${"1".repeat(2_000)}/a`,
    `doi:10.${"x".repeat(2_000)}/a`,
    `doi:10.${"1".repeat(2_000)}`,
    `url:https://a.example/${"x".repeat(2_000)}`,
  ];
  for (const each of long) {
    const components = filePathOf(each).split("/");
    const [directory = ""] = components.slice(1, -1);
    // Each with room for "~" and a hash; the file with one for its extension, too.
    assert.ok(directory.length <= 40 + 17, directory);
    assert.ok((components.at(-1)?.length ?? 0) <= 120 + 17 + 4, components.at(-1));
  }
});

Deno.test("filePathOf() puts no file where another one's directory is", () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      const [pathA, pathB] = [filePathOf(a).toLowerCase(), filePathOf(b).toLowerCase()];
      assert.ok(!pathB.startsWith(`${pathA}/`));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("filePathOf() refuses what is no identifier and no extension", () => {
  for (const bad of ["", "doi", "doi:", ":x", "isbn:1", "../x:1", "DOI:10.1/a"]) {
    assert.throws(() => filePathOf(bad), TypeError, bad);
  }
  for (const bad of ["", "PDF", "tar.gz", "../x", "a/b"]) {
    assert.throws(() => filePathOf("doi:10.1/a", bad), TypeError, bad);
  }
});
