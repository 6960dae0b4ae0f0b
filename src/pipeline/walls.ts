/**
 * Walls in front of pages that resolvers read.
 *
 * @module
 */

import type { ResolverFetch } from "../model/resolver.ts";
import { wallOf } from "./classify_body.ts";

/** A fetch that says of each answer whether it is a wall: resolvers cannot know the marks of all guards. */
export function tellingWalls(fetch: ResolverFetch): ResolverFetch {
  return async (request, from) => {
    const result = await fetch(request, from);
    if (result.type !== "response") return result;
    const wall = wallOf(result.response.status, result.response.body);
    return wall === null ? result : { type: "response", response: { ...result.response, wall } };
  };
}
