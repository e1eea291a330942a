import type { IncomingMessage } from "node:http";
import { invalidArgument } from "#support/errors.ts";

/** Path and query of a request. */
export interface Target {
  /** Percent-encoded. */
  path: string;
  /** With the question mark; empty when there is no query. */
  search: string;
}

/** Returns the target of a request; throws invalid-argument for an ambiguous one and for more than one Host header. */
export function requestTarget(request: IncomingMessage): Target {
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name));
  if (hosts.length > 1) throw invalidArgument("more than one Host header");
  return parseTarget(request.url ?? "");
}

function parseTarget(line: string): Target {
  // Clients of a proxy send the whole URL; its host has no meaning on a unix socket.
  const target = line.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const question = target.indexOf("?");
  // Clients that join a base URL and a path may double the first slash.
  const path = (question === -1 ? target : target.slice(0, question)).replace(/^\/+/, "/");
  // A URL parser cuts at #, turns \ into / and resolves dot segments: the route must not depend on that.
  if (!path.startsWith("/") || /[^\x21-\x7e]|[#\\]/.test(target) || /\/(\.|%2e){1,2}(\/|$)/i.test(path)) {
    throw invalidArgument("invalid path");
  }
  return { path, search: question === -1 ? "" : target.slice(question) };
}

/** Returns the query of a URL. The first value of a repeated parameter counts, as in Go. */
export function parseQuery(url: string): Record<string, string> {
  const question = url.indexOf("?");
  if (question === -1) return {};
  const parameters = [...new URLSearchParams(url.slice(question + 1))];
  return Object.fromEntries(parameters.reverse());
}

/** Decodes a percent-encoded part of a path; throws invalid-argument for an invalid encoding. */
export function decodePathPart(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw invalidArgument("invalid path", cause);
  }
}
