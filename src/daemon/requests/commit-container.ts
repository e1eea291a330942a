import type { CommitContainerOptions } from "#containers/files/commit.ts";
import { parseReference } from "#oci/reference.ts";
import { parseCommitBody } from "./create-body.ts";
import { nameWithTag } from "./image-name.ts";

/** Query of `POST /commit`. */
export interface CommitQuery {
  container: string;
  repo?: string;
  tag?: string;
  author?: string;
  comment?: string;
  pause?: boolean;
}

/** Returns the options of `POST /commit`. */
export async function parseCommit(query: CommitQuery, request: Request): Promise<CommitContainerOptions> {
  const { repo, tag, author = "", comment = "", pause = true } = query;
  return {
    author,
    comment,
    pause,
    config: await parseCommitBody(request, query),
    changes: new URL(request.url).searchParams.getAll("changes"),
    signal: request.signal,
    ...(repo === undefined ? {} : { reference: parseReference(nameWithTag(repo, tag)) }),
  };
}
