import { z } from "zod";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { readBody } from "../connection/body.ts";

/** Longest page of tags that is read, in bytes. */
const pageLimit = 4 * 1024 * 1024;

/** Maximum number of tags that are listed for one repository. */
const mostTags = 10_000;

const pageSchema = z.looseObject({ tags: z.array(z.string()).nullish() });

/**
 * Returns all tags of a repository (OCI distribution-spec, "Listing Tags"). `get` fetches a page: the first from the
 * path `tags/list`, each further one from the link in the previous page.
 */
export async function listTags(
  get: (target: string) => Promise<Response>,
  subject: string,
): Promise<string[]> {
  const tags = new Set<string>();
  let target: string | undefined = "tags/list";
  while (target !== undefined) {
    const response = await get(target);
    const text = new TextDecoder().decode(await readBody(response, pageLimit, subject));
    const page = pageSchema.safeParse(parse(text, subject));
    if (!page.success) throw unusable(subject);
    const before = tags.size;
    for (const tag of page.data.tags ?? []) tags.add(tag);
    if (tags.size > mostTags) throw invalidArgument(`${subject}: more than ${mostTags} tags`);
    const link = /^<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    // Pages without new tags could link to each other forever.
    target = tags.size > before ? link : undefined;
  }
  return [...tags];
}

function parse(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(subject);
  }
}

function unusable(subject: string): TboxError {
  return new TboxError("unavailable", `${subject}: the registry's answer is not a list of tags`);
}
