import { invalidArgument } from "#support/errors.ts";
import { type Digest, parseDigest } from "./digest.ts";

/** An image name, normalized like Docker's: `debian` is `docker.io/library/debian`. */
export interface Reference {
  domain: string;
  path: string;
  tag?: string;
  digest?: Digest;
}

const defaultDomain = "docker.io";
const officialPrefix = "library/";
const longestName = 255;

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domainPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`);
const identifierPattern = /^[0-9a-f]{64}$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/** Parses `[domain/]path[:tag][@digest]`; adds no default tag. */
export function parseReference(text: string): Reference {
  if (identifierPattern.test(text)) {
    const hint = "cannot specify 64-byte hexadecimal strings";
    throw invalidArgument(`invalid repository name (${text}), ${hint}`);
  }
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigestPart(text.slice(at + 1));
  const named = at < 0 ? text : text.slice(0, at);
  const { name, tag } = splitTag(named);
  const { domain, path } = splitDomain(name);
  if (path !== path.toLowerCase()) {
    throw invalidArgument(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!domainPattern.test(domain) || !pathPattern.test(path))
    throw invalidArgument("invalid reference format");
  if (tag !== undefined && !tagPattern.test(tag)) throw invalidArgument("invalid reference format");
  if (domain.length + path.length + 1 > longestName) {
    throw invalidArgument(`repository name must not be more than ${longestName} characters`);
  }
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Adds the tag `latest` to a reference that has neither a tag nor a digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: "latest" };
}

/** Returns the full repository name: `docker.io/library/debian`. */
export function canonicalRepository({ domain, path }: Reference): string {
  return `${domain}/${path}`;
}

/** Returns a tag if it is valid; throws otherwise. */
export function parseTag(text: string): string {
  if (tagPattern.test(text)) return text;
  throw invalidArgument("invalid tag format");
}

/** Returns the short repository name that Docker shows: `debian`. */
export function familiarRepository({ domain, path }: Reference): string {
  const short = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path;
  const candidates = domain === defaultDomain ? [short, path] : [];
  // A path can look like a domain or an identifier, so a short form must parse to the same repository.
  const found = candidates.find((name) => parsesTo(name, domain, path));
  return found ?? `${domain}/${path}`;
}

/** Returns the full name: `docker.io/library/debian:12@sha256:…`. */
export function canonicalName(reference: Reference): string {
  return `${canonicalRepository(reference)}${suffix(reference)}`;
}

/** Returns the short name: `debian:12`. */
export function familiarName(reference: Reference): string {
  return `${familiarRepository(reference)}${suffix(reference)}`;
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function splitTag(named: string): { name: string; tag?: string } {
  const colon = named.lastIndexOf(":");
  // A colon before the last slash belongs to a port.
  if (colon < 0 || named.indexOf("/", colon) >= 0) return { name: named };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

function parsesTo(name: string, domain: string, path: string): boolean {
  const read = splitDomain(name);
  return !identifierPattern.test(name) && read.domain === domain && read.path === path;
}

/** Splits off the domain. The first part is a domain if it contains a dot, a colon or upper case, or is `localhost`. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (slash < 0 || !isDomain) {
    return { domain: defaultDomain, path: slash < 0 ? `${officialPrefix}${name}` : name };
  }
  const path = name.slice(slash + 1);
  if (first !== "index.docker.io" && first !== defaultDomain) return { domain: first, path };
  return { domain: defaultDomain, path: path.includes("/") ? path : `${officialPrefix}${path}` };
}

function parseDigestPart(text: string): Digest {
  try {
    return parseDigest(text);
  } catch (cause) {
    throw invalidArgument("invalid reference format", cause);
  }
}
