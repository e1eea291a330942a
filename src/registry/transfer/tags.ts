import { z } from "zod";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { readBody } from "../connection/body.ts";

/** Longest page of tags that is read, in bytes. */
const pageLimit = 4 * 1024 * 1024;

/** Most tags that are pulled of one repository. */
const mostTags = 10_000;

const pageSchema = z.looseObject({ tags: z.array(z.string()).nullish() });

/**
 * All tags of a repository (OCI distribution-spec, "Listing Tags"): `get` fetches a page, the first by the path
 * `tags/list`, the following by what the one before names.
 */
export async function allTags(get: (target: string) => Promise<Response>, what: string): Promise<string[]> {
  const tags = new Set<string>();
  let target: string | undefined = "tags/list";
  while (target !== undefined) {
    const response = await get(target);
    const text = new TextDecoder().decode(await readBody(response, pageLimit, what));
    const page = pageSchema.safeParse(parsed(text, what));
    if (!page.success) throw unusable(what);
    const before = tags.size;
    for (const tag of page.data.tags ?? []) tags.add(tag);
    if (tags.size > mostTags) throw invalidArgument(`${what}: more than ${mostTags} tags`);
    const link = /^<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    // A page without anything new would be followed for ever.
    target = tags.size > before ? link : undefined;
  }
  return [...tags];
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(what);
  }
}

function unusable(what: string): TboxError {
  return new TboxError("unavailable", `${what}: the registry's answer is no list of tags`);
}
