import { invalidArgument } from "#support/errors.ts";
import { stripVersion } from "../requests/api-version.ts";

/** Where a request goes, without anything that its headers say. */
export interface Target {
  /** Percent-encoded, without the version. */
  path: string;
  /** With the question mark; empty when there is none. */
  search: string;
  /** Minor version of the API. */
  version: number;
}

/** The target of a request line; throws invalid-argument for one that could be read in two ways. */
export function parseTarget(line: string): Target {
  // Clients of a proxy send the whole URL; its host means nothing on a unix socket.
  const target = line.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const question = target.indexOf("?");
  const path = question === -1 ? target : target.slice(0, question);
  // A URL parser would cut at #, turn \ into / and resolve dot segments: the route must not depend on that.
  if (!path.startsWith("/") || /[^\x21-\x7e]|[#\\]/.test(target) || /\/(\.|%2e){1,2}(\/|$)/i.test(path)) {
    throw invalidArgument("invalid path");
  }
  return { ...stripVersion(path), search: question === -1 ? "" : target.slice(question) };
}

/** The query of a URL; of a parameter that is repeated the first counts, as for Docker. */
export function parseQuery(url: string): Record<string, string> {
  const question = url.indexOf("?");
  if (question === -1) return {};
  const parameters = [...new URLSearchParams(url.slice(question + 1))];
  return Object.fromEntries(parameters.reverse());
}

/** A percent-encoded part of a path as text. */
export function decodePathPart(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw invalidArgument("invalid path", cause);
  }
}
