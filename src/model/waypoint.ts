/**
 * How far a request came.
 *
 * @module
 */

/**
 * Where a request goes on whose redirects were followed until a limit group was closed. Without the hops before it, a
 * loop or an endless chain would begin anew each time that the group opens.
 */
export interface Waypoint {
  /** The URL to be asked next. */
  readonly url: string;
  /** URLs asked before it, the request's own first; empty where nothing was sent. */
  readonly hops: readonly string[];
}
