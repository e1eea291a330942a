import type { Containers } from "#containers/containers.ts";
import { parseReference } from "#oci/reference.ts";
import { created } from "../answers/empty-answers.ts";
import { parseCommitBody } from "./create-body.ts";
import { nameWithTag } from "./image-name.ts";

export interface CommitQuery {
  container: string;
  repo?: string;
  tag?: string;
  author?: string;
  comment?: string;
  pause?: boolean;
}

/** `POST /commit`: an image out of a container. */
export async function commitContainer(
  containers: Pick<Containers, "files">,
  query: CommitQuery,
  request: Request,
): Promise<Response> {
  const { container, repo, tag, author = "", comment = "", pause = true } = query;
  const id = await containers.files.commit(container, {
    author,
    comment,
    pause,
    config: await parseCommitBody(request, query),
    changes: new URL(request.url).searchParams.getAll("changes"),
    signal: request.signal,
    ...(repo === undefined ? {} : { reference: parseReference(nameWithTag(repo, tag)) }),
  });
  return created({ Id: id });
}
