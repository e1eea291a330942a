import { invalidArgument } from "#support/errors.ts";
import { checkTarget } from "./mount-target.ts";

/** Parsed value of `-v`. */
export interface BindText {
  /** Absolute path on the host, or the name of a volume; empty for an anonymous volume. */
  source: string;
  target: string;
  options: string[];
}

/**
 * Options of `-v` that change nothing here: `z` and `Z` relabel for SELinux, which rootless containers do not use; the
 * others are modes of caching for Docker Desktop.
 */
export const withoutEffect = new Set(["rw", "z", "Z", "cached", "consistent", "default", "delegated"]);

/** Parses `SOURCE:TARGET[:OPTIONS]`, or `TARGET` for an anonymous volume. */
export function parseBindText(text: string): BindText {
  if (text !== "" && !text.includes(":")) {
    checkTarget(text);
    return { source: "", target: text, options: [] };
  }
  const [source = "", target, options = "", ...rest] = text.split(":");
  if (target === undefined || source === "" || rest.length > 0) {
    throw invalidArgument(`invalid volume specification: '${text}'`);
  }
  checkTarget(target);
  return { source, target, options: options.split(",").filter((word) => word !== "") };
}

/** Reports whether a value of `-v` mounts a file or directory of the host. */
export function isHostBind(text: string): boolean {
  return text.startsWith("/") && text.includes(":");
}
