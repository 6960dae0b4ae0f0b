/**
 * What a job has learned so far, for people.
 *
 * @module
 */

import * as z from "zod";
import type { GroupFacts } from "../groups/group_facts.ts";
import { closedFor } from "./group.ts";
import { plural } from "./units.ts";

/** One line: a name and a text; a line without a name goes on with the one before. */
export type Row = readonly [name: string, text: string];

/** More lines of one kind would push the rest off the screen; the JSON output has all. */
const MAX_LINES = 8;

const text = z.string().catch("?");
const candidate = z.object({
  url: text,
  resolver: text,
  kind: text,
  version: z.string().nullish().catch(null),
}).catch({ url: "?", resolver: "?", kind: "?", version: null });

/** What is shown of a cursor, whatever version of the pipeline wrote it: what is not there is left out. */
const schema = z.object({
  ids: z.record(z.string(), z.string()).catch({}),
  asked: z.array(text).catch([]),
  failed: z.array(z.object({ resolver: text, reason: text, detail: text })).catch([]),
  candidates: z.array(candidate).catch([]),
  tried: z.array(z.object({ candidate, reason: text, status: z.number().nullable().catch(null) })).catch([]),
  resumeAt: z.record(z.string(), z.object({ url: text })).catch({}),
  limited: z.record(z.string(), z.number()).catch({}),
});

/** The cursor as an object, if it is one; without whole answers of APIs and pages, which are not for people. */
export function readCursor(cursor: string | null): object | null {
  if (cursor === null) return null;
  try {
    const read: unknown = JSON.parse(cursor);
    if (typeof read !== "object" || read === null || Array.isArray(read)) return null;
    const { heard: _, ...shown } = { heard: null, ...read };
    return shown;
  } catch {
    return null;
  }
}

/**
 * Ids learned, resolvers asked, candidates left and tried.
 *
 * @param groupOfUrl The limit group of a URL's host; it says when a candidate can be tried.
 */
export function cursorRows(
  json: string | null,
  groupOfUrl: (url: string) => GroupFacts | null,
  now: number,
): readonly Row[] {
  const read = readCursor(json);
  if (read === null) return [];
  const { ids, asked, failed, candidates, tried, resumeAt, limited } = schema.parse(read);
  const known = Object.entries(ids).map(([kind, value]) => `${kind}:${value}`).join(" ");
  return [
    ...lines("ids", known === "" ? [] : [known]),
    ...lines("asked", asked.length === 0 ? [] : [asked.join(", ")]),
    ...lines("failed", failed.map(({ resolver, reason, detail }) => `${resolver}: ${reason}, ${detail}`)),
    ...lines(
      "left",
      candidates.map(({ url, resolver, kind, version }) => {
        const what = [resolver, kind, version].filter(Boolean).join(", ");
        // A redirect may have led to another host, which is the one that is waited for.
        const goesOn = resumeAt[url]?.url;
        const group = groupOfUrl(goesOn ?? url);
        return [
          `${url} (${what}): ${
            group?.closed ? `${group.name} is ${closedFor(group.closed, now)}` : "can be tried now"
          }`,
          ...(goesOn === undefined ? [] : [`goes on at ${goesOn}`]),
          ...(limited[url] === undefined ? [] : [`refused by rate ${plural(limited[url], "time")}`]),
        ].join("; ");
      }),
    ),
    ...lines(
      "tried",
      tried.map(({ candidate: { url, resolver }, reason, status }) =>
        `${url} (${resolver}): ${reason}${status === null ? "" : `, status ${status}`}`
      ),
    ),
  ];
}

function lines(name: string, texts: readonly string[]): readonly Row[] {
  const rest = texts.length - MAX_LINES;
  const shown = [
    ...texts.slice(0, MAX_LINES),
    ...(rest > 0 ? [`and ${rest} more; --format json has all`] : []),
  ];
  return shown.map((text, index) => [index === 0 ? name : "", text]);
}
