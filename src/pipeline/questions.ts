/**
 * Which resolver is asked what, and in which order.
 *
 * @module
 */

import type { KnownIds } from "../model/artifact.ts";
import type { Resolver } from "../model/resolver.ts";
import type { Cursor } from "./cursor.ts";

/** One thing to be asked of one resolver. */
export interface Question {
  /** Tells it from all others of its job. */
  readonly key: string;
  /** Who is asked. */
  readonly resolver: Resolver;
  /** The ids that the resolver is given. */
  readonly ids: KnownIds;
}

/** Landing pages of one job that are read at most. */
const MAX_LANDINGS = 5;

/**
 * The questions of the lowest tier that has any open: resolvers that accept an id of the work and have not answered,
 * and pages that were named as landing pages. An id learned since makes further resolvers eligible, of lower tiers
 * too.
 *
 * @param passedOver Keys of questions that cannot be asked now and are not to be waited for.
 */
export function nextQuestions(
  resolvers: readonly Resolver[],
  cursor: Cursor,
  passedOver: Iterable<string> = [],
): readonly Question[] {
  const settled = new Set([...cursor.asked, ...cursor.failed.map(({ key }) => key), ...passedOver]);
  let tier = Infinity;
  let questions: Question[] = [];
  for (const question of allQuestions(resolvers, cursor)) {
    if (settled.has(question.key) || question.resolver.tier > tier) continue;
    if (question.resolver.tier < tier) questions = [];
    tier = question.resolver.tier;
    questions.push(question);
  }
  return questions;
}

/** Whether the artifact's own URL was fetched already, and gave nothing that a resolver could read. */
function isSpent({ ids: { url }, tried, landings }: Cursor): boolean {
  return url !== undefined && !landings.includes(url) && tried.some(({ candidate }) => candidate.url === url);
}

function* allQuestions(resolvers: readonly Resolver[], cursor: Cursor): Generator<Question> {
  for (const resolver of resolvers) {
    if (
      resolver.accepts.some((kind) => cursor.ids[kind] !== undefined && !(kind === "url" && isSpent(cursor)))
    ) {
      yield { key: resolver.name, resolver, ids: cursor.ids };
    }
    if (!resolver.accepts.includes("url")) continue;
    for (const url of cursor.landings.slice(0, MAX_LANDINGS)) {
      if (url === cursor.ids.url) continue;
      yield { key: `${resolver.name} ${url}`, resolver, ids: { url } };
    }
  }
}
