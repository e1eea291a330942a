import { posix } from "node:path";
import { invalidArgument } from "#support/errors.ts";

/** Returns an absolute path in a container. A final dot, which asks for the content of a directory, is preserved. */
export function containerPath(path: string): string {
  if (path === "") throw invalidArgument("missing required query parameter: path");
  if (path.includes("\0")) throw invalidArgument("a path contains a null character");
  const plain = posix.normalize(`/${path}`);
  const content = plain === "/" ? /(^|\/)\.\/?$/ : /(^|\/)\.$/;
  return content.test(path) ? `${posix.join(plain, "/")}.` : plain;
}
