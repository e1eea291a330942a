import { z } from "zod";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { readBody } from "../connection/body.ts";

/** Longest page of names that is read, in bytes. */
const pageLimit = 4 * 1024 * 1024;

/** Maximum number of names in one list. */
const mostNames = 10_000;

const listSchema = z.array(z.string()).nullish();

/** A paged list of a registry. */
export interface NameList {
  /** Path of the first page. */
  first: string;
  /** Member of a page that holds its names. */
  member: "tags" | "repositories";
  /** List, for messages. */
  subject: string;
}

/**
 * Returns all names of a paged list (OCI distribution-spec, "Listing Tags"). `get` fetches a page: the first, or the
 * one in the link of the previous page.
 */
export async function listNames(
  get: (target: string) => Promise<Response>,
  { first, member, subject }: NameList,
): Promise<string[]> {
  const names = new Set<string>();
  let target: string | undefined = first;
  while (target !== undefined) {
    const response = await get(target);
    const text = new TextDecoder().decode(await readBody(response, pageLimit, subject));
    const page = z.looseObject({ [member]: listSchema }).safeParse(parse(text, { member, subject }));
    if (!page.success) throw unusable({ member, subject });
    const before = names.size;
    for (const name of page.data[member] ?? []) names.add(name);
    if (names.size > mostNames) throw invalidArgument(`${subject}: more than ${mostNames} ${member}`);
    const link = /^<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    // Pages without new names could link to each other forever.
    target = names.size > before ? link : undefined;
  }
  return [...names];
}

function parse(text: string, list: Omit<NameList, "first">): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(list);
  }
}

function unusable({ member, subject }: Omit<NameList, "first">): TboxError {
  return new TboxError("unavailable", `${subject}: the registry's answer is not a list of ${member}`);
}
