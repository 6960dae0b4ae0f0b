import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { artifactFromRecord, artifactOf } from "../../src/model/artifact_from_record.ts";
import { InputError } from "../../src/model/errors.ts";

Deno.test("artifactFromRecord() takes the identity of each field, and of text", () => {
  const identities: [unknown, string][] = [
    ["10.1234/Example", "doi:10.1234/example"],
    [{ artifact_id: "doi:10.1234/example" }, "doi:10.1234/example"],
    [{ doi: "https://doi.org/10.1234/example" }, "doi:10.1234/example"],
    [{ arxiv: "2101.00001" }, "arxiv:2101.00001"],
    [{ pmid: 31415926 }, "pmid:31415926"],
    [{ pmcid: "PMC123" }, "pmcid:PMC123"],
    [{ openalex: "https://openalex.org/W123" }, "openalex:W123"],
    [{ url: "https://example.org/a.pdf" }, "url:https://example.org/a.pdf"],
    [{ url: "https://doi.org/10.1234/example" }, "doi:10.1234/example"],
    [{ doi: null, arxiv: "", pmid: "7" }, "pmid:7"],
  ];
  for (const [record, artifactId] of identities) equal(artifactFromRecord(record).artifactId, artifactId);
  deepEqual(artifactFromRecord({ doi: "10.1234/example" }), {
    artifactId: "doi:10.1234/example",
    metadata: null,
    priority: 0,
  });
});

Deno.test("artifactFromRecord() keeps everything else as metadata, and the priority apart", () => {
  deepEqual(
    artifactFromRecord({
      artifact_id: "doi:10.1/x",
      doi: "10.1/X",
      pmid: 5,
      title: "T",
      priority: 9,
      nested: [1],
    }),
    { artifactId: "doi:10.1/x", metadata: { pmid: 5, title: "T", nested: [1] }, priority: 9 },
  );
  deepEqual(artifactFromRecord({ artifact_id: "doi:10.1/x", doi: "10.1/other" }).metadata, {
    doi: "10.1/other",
  });
  const hostile = artifactFromRecord(JSON.parse('{"doi":"10.1/x","__proto__":{"polluted":true}}'));
  equal(JSON.stringify(hostile.metadata), '{"__proto__":{"polluted":true}}');
});

Deno.test("artifactFromRecord() and artifactOf() keep the version of an arXiv paper beside the work", () => {
  const { artifactId, metadata } = artifactFromRecord("arXiv:math.GT/0309136v2");
  deepEqual([artifactId, metadata], ["arxiv:math/0309136", { arxiv: "math/0309136v2" }]);
  deepEqual(artifactOf(artifactId, metadata).ids, { arxiv: "math/0309136" });
  deepEqual(artifactFromRecord({ artifact_id: "arxiv:1605.08386", arxiv: "arXiv:1605.08386v2" }), {
    artifactId: "arxiv:1605.08386",
    metadata: { arxiv: "1605.08386v2" },
    priority: 0,
  });
});

Deno.test("artifactFromRecord() refuses what has no identity, and names the field at fault", () => {
  const refusals: [unknown, string][] = [
    [{}, "Cannot read record: it has none of the fields artifact_id, doi, arxiv, pmid, pmcid, openalex, url"],
    [null, "Cannot read record: null is neither an object nor an identifier"],
    [[], "Cannot read record: [] is neither an object nor an identifier"],
    [7, "Cannot read record: 7 is neither an object nor an identifier"],
    [{ doi: ["10.1/x"] }, 'Cannot read identifier: "doi" is ["10.1/x"], which is not text'],
    [{ doi: "PMC1" }, 'Cannot read identifier: "PMC1" is not a DOI'],
    ...[-1, 10, 1.5, "1", true].map((priority): [unknown, string] => [
      { doi: "10.1/x", priority },
      `Cannot read record: "priority" is ${
        JSON.stringify(priority)
      }, which is not a whole number from 0 to 9`,
    ]),
  ];
  for (const [record, message] of refusals) throws(() => artifactFromRecord(record), new InputError(message));
});

Deno.test("artifactFromRecord() throws InputError alone, and what it gives is read again as the same", () => {
  const record = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom("artifact_id", "doi", "arxiv", "pmid", "url", "priority", "title"),
      fc.jsonValue(),
    ),
    fc.record({
      doi: fc.constant("10.1/x"),
      priority: fc.integer({ min: 0, max: 9 }),
      arxiv: fc.jsonValue(),
    }),
  );
  fc.assert(fc.property(record, (record) => {
    try {
      const { artifactId, metadata, priority } = artifactFromRecord(record);
      const again = artifactFromRecord({ ...metadata, artifact_id: artifactId, priority });
      equal(again.artifactId, artifactId);
      equal(again.priority, priority);
      equal(artifactOf(artifactId, metadata).id, artifactId);
    } catch (error) {
      equal((error as Error).constructor, InputError);
    }
  }));
});

Deno.test("artifactOf() knows the ids that metadata holds, normalised, and ignores what cannot be read", () => {
  const metadata = { pmid: "00012", pmcid: "garbage", arxiv: "arXiv:2101.00001v1", url: 7, title: "T" };
  deepEqual(artifactOf("doi:10.1/x", metadata), {
    id: "doi:10.1/x",
    ids: { doi: "10.1/x", pmid: "12", arxiv: "2101.00001" },
    metadata,
  });
  deepEqual(artifactOf("doi:10.1/x", { doi: "10.1/other" }).ids, { doi: "10.1/x" });
  deepEqual(artifactOf("doi:10.1/x", null), { id: "doi:10.1/x", ids: { doi: "10.1/x" } });
});
