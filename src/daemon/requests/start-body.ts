import { invalidArgument } from "#support/errors.ts";

/** Maximum number of bytes of the body of a start request, as in Docker. */
const longest = 7;

/**
 * Throws invalid-argument for a body that is longer than the `{}` or `null` that clients send: such a body was a
 * HostConfig in the first API versions.
 */
export async function checkStartBody({ body }: Request): Promise<void> {
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > longest) {
      throw invalidArgument("starting container with non-empty request body is not supported");
    }
  }
}
