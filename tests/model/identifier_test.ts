import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/model/errors.ts";
import {
  artifactIdOf,
  formatIdentifier,
  ID_KINDS,
  parseIdentifier,
  parseIdentifierOf,
} from "../../src/model/identifier.ts";

const SICI = "10.1002/(SICI)1098-2736(199908)36:6<637::AID-TEA4>3.0.CO;2-9";

Deno.test("artifactIdOf() gives one form to all spellings of an identifier", () => {
  const spellings: Record<string, string[]> = {
    "doi:10.1371/journal.pone.0213978": [
      "10.1371/journal.pone.0213978",
      "  10.1371/Journal.PONE.0213978\t",
      "doi:10.1371/journal.pone.0213978",
      "DOI: 10.1371/journal.pone.0213978",
      "doi 10.1371/journal.pone.0213978",
      "info:doi/10.1371/journal.pone.0213978",
      "https://doi.org/10.1371/journal.pone.0213978",
      "http://dx.doi.org/10.1371%2Fjournal.pone.0213978",
      "HTTPS://www.DOI.org/10.1371/journal.pone.0213978",
      "doi.org/10.1371/journal.pone.0213978",
      "doi:https://doi.org/10.1371/journal.pone.0213978",
      "https://doi.org/doi:10.1371/journal.pone.0213978",
      "https://doi.org/10.1371/journal.pone.0213978?utm_source=feed&utm_medium=rss",
      "https://doi.org/10.1371/journal.pone.0213978#abstract",
    ],
    "doi:10.1002/(sici)1098-2736(199908)36:6<637::aid-tea4>3.0.co;2-9": [
      SICI,
      `doi:${SICI}`,
      `https://doi.org/${SICI}`,
      `https://doi.org/${encodeURIComponent(SICI)}`,
    ],
    "doi:10.1002/1521-3951(200009)221:1<453::aid-pssb453>3.0.co;2-#": [
      "https://doi.org/10.1002/1521-3951(200009)221:1<453::AID-PSSB453>3.0.CO;2-#",
      "https://doi.org/10.1002/1521-3951(200009)221:1%3C453::AID-PSSB453%3E3.0.CO;2-%23",
    ],
    "doi:10.1000/a+b?c#d[e]%f;g": [
      "10.1000/A+b?c#d[e]%f;g",
      "https://doi.org/10.1000/a+b%3Fc%23d%5Be%5D%25f;g",
    ],
    "doi:10.1000/ÄÖ-日本語": ["10.1000/ÄÖ-日本語", "https://doi.org/10.1000/%C3%84%C3%96-日本語"],
    "doi:10.1000.10/100%zz%ff": ["doi:10.1000.10/100%zz%ff", "https://doi.org/10.1000.10/100%zz%FF"],
    "doi:10.48550/arxiv.2101.00001": [
      "10.48550/arXiv.2101.00001",
      "https://doi.org/10.48550/arXiv.2101.00001",
    ],
    "arxiv:2101.00001": [
      "2101.00001",
      "2101.00001v2",
      "arXiv:2101.00001v2",
      "ARXIV: 2101.00001",
      "https://arxiv.org/abs/2101.00001v3",
      "http://www.arxiv.org/pdf/2101.00001v2.pdf",
      "https://export.arxiv.org/pdf/2101.00001?download=1",
      "arxiv:https://arxiv.org/abs/2101.00001",
    ],
    "arxiv:hep-th/9901001": [
      "hep-th/9901001",
      "arXiv:hep-th/9901001v1",
      "https://arxiv.org/abs/hep-th/9901001",
    ],
    "arxiv:math/0309136": ["math.GT/0309136", "math/0309136", "https://arxiv.org/pdf/math.GT/0309136v1"],
    "pmid:123": ["pmid:123", "PMID: 00123", "pmid 123", "https://pubmed.ncbi.nlm.nih.gov/123/"],
    "pmcid:PMC4234579": [
      "PMC4234579",
      "pmc4234579",
      "pmcid:PMC4234579",
      "pmcid:4234579",
      "PMC: 4234579.2",
      "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC4234579/",
      "https://pmc.ncbi.nlm.nih.gov/articles/PMC4234579",
    ],
    "openalex:W2741809807": [
      "W2741809807",
      "openalex:w2741809807",
      "https://openalex.org/W2741809807",
      "https://api.openalex.org/works/W2741809807?select=id",
    ],
    "url:https://example.org/paper.pdf?x=1": [
      "https://example.org/paper.pdf?x=1",
      "HTTPS://Example.ORG:443/./paper.pdf?x=1#page=2",
      "url: https://example.org/paper.pdf?x=1",
    ],
    "url:https://doi.org/10.1000/1": ["url:https://doi.org/10.1000/1"],
    "url:https://doi.org/": ["https://doi.org"],
    "url:https://arxiv.org/list/math/new": ["https://arxiv.org/list/math/new"],
  };
  for (const [artifactId, texts] of Object.entries(spellings)) {
    for (const text of texts) equal(artifactIdOf(text), artifactId, text);
  }
});

Deno.test("parseIdentifier() tells the version of an arXiv paper beside its value", () => {
  deepEqual(parseIdentifier("2101.00001v2"), { kind: "arxiv", value: "2101.00001", version: 2 });
  deepEqual(parseIdentifier("arXiv:2101.00001"), { kind: "arxiv", value: "2101.00001" });
});

Deno.test("parseIdentifier() refuses what is no identifier, naming it", () => {
  for (
    const text of [
      ...[
        "",
        " ",
        "nonsense",
        "10.1000",
        "10.1000/",
        "10.x/1",
        "doi:abc",
        "123",
        "pmid:abc",
        "pmid:0",
        "smith/2003001",
      ],
      ...[
        "2113.00001",
        "W0",
        "PMCx",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "https://",
        "https://a b/",
        "http:a",
      ],
      ...[
        "10.1000/a b",
        "10.1000/a\u0000b",
        "10.1000/a\u200bb",
        "https://example.org/a\nhttps://example.org/b",
      ],
      ...["https://user:secret@example.org/", "url:10.1000/1", "arxiv:10.1000/1"],
    ]
  ) {
    throws(() => parseIdentifier(text), (error: Error) => {
      equal(error.constructor, InputError, text);
      return error.message.startsWith(`Cannot read identifier: ${JSON.stringify(text)} is not `);
    });
  }
});

Deno.test("parseIdentifierOf() takes bare values of its kind and no other kind", () => {
  deepEqual(parseIdentifierOf("pmid", " 123 "), { kind: "pmid", value: "123" });
  deepEqual(parseIdentifierOf("pmcid", "123"), { kind: "pmcid", value: "PMC123" });
  deepEqual(parseIdentifierOf("doi", "https://doi.org/10.1000/1"), { kind: "doi", value: "10.1000/1" });
  deepEqual(parseIdentifierOf("doi", "doi:10.1000/1"), { kind: "doi", value: "10.1000/1" });
  throws(
    () => parseIdentifierOf("doi", "2101.00001"),
    new InputError('Cannot read identifier: "2101.00001" is not a DOI'),
  );
});

/** Any printable character, those that DOIs are known for more often. */
const doiCharacter = fc.oneof(
  fc.constantFrom(..."<>;:()[]+#?%/._-aZ09"),
  fc.integer({ min: 0x21, max: 0x10ffff }).map((code) => String.fromCodePoint(code))
    .filter((character) => !/[\s\p{C}]/u.test(character)),
);
const doi = fc.tuple(
  fc.integer({ min: 1000, max: 99999 }),
  fc.array(doiCharacter, { minLength: 1, maxLength: 300 }),
)
  .map(([registrant, suffix]) => `10.${registrant}/${suffix.join("")}`);
const asciiFold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

Deno.test("parseIdentifier() reads any DOI, bare, prefixed or percent-encoded in an address", () => {
  fc.assert(fc.property(doi, (doi) => {
    const artifactId = `doi:${asciiFold(doi)}`;
    for (const text of [doi, `doi:${doi}`, `DOI: ${doi} `, `https://doi.org/${encodeURIComponent(doi)}`]) {
      equal(artifactIdOf(text), artifactId);
    }
  }));
});

const anything = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  doi,
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.tuple(
    fc.constantFrom(
      ...ID_KINDS.map((kind) => `${kind}:`),
      "https://doi.org/10.1/",
      "https://arxiv.org/abs/",
      "https://",
      "10.1/",
    ),
    fc.string({ unit: "binary" }),
  ).map((parts) => parts.join("")),
  fc.stringMatching(/^(arxiv:)?[0-9]{4}\.[0-9]{4,5}(v[0-9])?$/),
);

Deno.test("parseIdentifier() is idempotent, and throws InputError alone", () => {
  fc.assert(
    fc.property(anything, (text) => {
      let artifactId: string;
      try {
        artifactId = artifactIdOf(text);
      } catch (error) {
        equal((error as Error).constructor, InputError);
        return;
      }
      equal(artifactIdOf(artifactId), artifactId);
      const { kind, value } = parseIdentifier(artifactId);
      equal(formatIdentifier({ kind, value }), artifactId);
      deepEqual(parseIdentifierOf(kind, value), { kind, value });
    }),
    { numRuns: 2_000 },
  );
});
