import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";

/** Normalizes the name of a named context as clients do: `docker.io/library/alpine:latest` becomes `alpine`. */
export function contextName(name: string): string {
  try {
    return familiarName(withDefaultTag(parseReference(name))).replace(/:latest$/, "");
  } catch {
    // The name of a stage need not be a valid reference.
    return name;
  }
}
