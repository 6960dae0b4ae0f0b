/**
 * The names of routes.
 *
 * @module
 */

const FRESH = "fresh:";

/** The route of a job that nothing has been asked about yet, by the kind of its id: `fresh:doi`. */
export function freshRoute(artifactId: string): string {
  return `${FRESH}${artifactId.slice(0, artifactId.indexOf(":"))}`;
}

/** The kind of id on a route of {@linkcode freshRoute}; `null` if the route is another. */
export function freshKind(route: string): string | null {
  return route.startsWith(FRESH) ? route.slice(FRESH.length) : null;
}
