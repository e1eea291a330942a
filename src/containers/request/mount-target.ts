import { invalidArgument } from "#support/errors.ts";

/** Checks the target of a mount and returns it unchanged. */
export function checkTarget(target: string): string {
  if (!target.startsWith("/")) {
    throw invalidArgument(`invalid mount path: '${target}' mount path must be absolute`);
  }
  if (normalizeTarget(target) === "/") {
    throw invalidArgument("invalid specification: destination can't be '/'");
  }
  if (target.includes("\0")) throw invalidArgument("invalid mount path: it contains a null character");
  return target;
}

/** Removes `.`, `..`, and doubled and trailing slashes, so that targets can be compared. */
export function normalizeTarget(target: string): string {
  const parts: string[] = [];
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
