import { z } from "zod";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { refusal } from "../access/refusal.ts";
import { type RegistryBase, registryBase } from "../access/registry-base.ts";
import type { RegistryOptions } from "../access/registry-options.ts";
import { openSession, type RegistrySession } from "../access/session.ts";
import { readBody } from "../connection/body.ts";
import { retrying } from "../connection/retry.ts";
import { listNames } from "./list-names.ts";

/** A repository that a search has found. */
export interface FoundRepository {
  name: string;
  description: string;
  stars: number;
  official: boolean;
}

export interface SearchOptions {
  /** Greatest number of results. */
  limit: number;
  credentials?: RegistryCredentials;
  signal: AbortSignal;
}

/** Longest answer that is read, in bytes. */
const answerLimit = 4 * 1024 * 1024;

const answerSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      name: z.string(),
      description: z.string().nullish(),
      star_count: z.number().nullish(),
      is_official: z.boolean().nullish(),
    }),
  ),
});

/**
 * Searches a registry for `term`, which may begin with the registry's domain, as Docker does: `GET /v1/search`. A registry
 * without this endpoint is searched through the list of its repositories, for names that contain the term.
 */
export async function searchRegistry(
  term: string,
  options: RegistryOptions,
  { limit, credentials, signal }: SearchOptions,
): Promise<FoundRepository[]> {
  const { domain, words } = splitTerm(term);
  const base = searchBase(domain, options);
  const session = openSession({ ...options, base, scopes: ["registry:catalog:*"], credentials });
  const query = new URLSearchParams({ q: words, n: String(limit) });
  const response = await retrying(signal, () => session.send(`/v1/search?${query}`, { signal }));
  const isJson = /\bjson\b/i.test(response.headers.get("content-type") ?? "");
  if (response.ok && isJson) return (await readResults(response, domain)).slice(0, limit);
  await response.body?.cancel();
  if (domain === hub)
    throw new TboxError("unavailable", `search of ${hub}: the answer was ${response.status}`);
  const names = await listRepositories(session, domain, signal);
  const found = names.filter((name) => name.includes(words.toLowerCase())).slice(0, limit);
  return found.map((name) => ({ name: `${domain}/${name}`, description: "", stars: 0, official: false }));
}

const hub = "docker.io";

/** Returns the address for searches. Docker Hub searches on another host than the one that has the images. */
function searchBase(domain: string, { insecure }: RegistryOptions): RegistryBase {
  return registryBase(domain === hub ? "index.docker.io" : domain, insecure);
}

/** Splits a term into the domain of the registry and the words to search for (Docker's rules). */
export function splitTerm(term: string): { domain: string; words: string } {
  if (term.includes("://")) {
    throw invalidArgument(`invalid repository name: repository name (${term}) should not have a scheme`);
  }
  const slash = term.indexOf("/");
  const first = term.slice(0, Math.max(0, slash));
  if (/[.:]/.test(first) || first === "localhost") return { domain: first, words: term.slice(slash + 1) };
  return { domain: hub, words: term.replace(/^library\//, "") };
}

async function readResults(response: Response, domain: string): Promise<FoundRepository[]> {
  const subject = `search of ${domain}`;
  const text = new TextDecoder().decode(await readBody(response, answerLimit, subject));
  let parsed: z.infer<typeof answerSchema>;
  try {
    parsed = answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new TboxError("unavailable", `${subject}: the answer is not a list of results`, { cause });
  }
  return parsed.results.map(({ name, description, star_count: stars, is_official: official }) => ({
    name,
    description: description ?? "",
    stars: stars ?? 0,
    official: official ?? false,
  }));
}

function listRepositories(session: RegistrySession, domain: string, signal: AbortSignal): Promise<string[]> {
  const subject = `repositories of ${domain}`;
  const get = async (target: string) => {
    const page = target.startsWith("/") ? target : new URL(target, session.base);
    const response = await session.send(page, { signal });
    if (response.ok) return response;
    const { code, message } = await refusal(response, { action: "pull", name: domain, subject });
    const remedy = "it offers neither a search nor a list of its repositories to this user";
    throw new TboxError(code, `cannot search ${domain}: ${remedy}`, { cause: new Error(message) });
  };
  return retrying(signal, () =>
    listNames(get, { first: "/v2/_catalog?n=1000", member: "repositories", subject }),
  );
}
