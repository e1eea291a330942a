import type { z } from "zod";

/** Adds the issues of a nested parse to a context, below `path`, with their messages and parameters. */
export function copyIssues(
  error: z.core.$ZodError,
  input: unknown,
  context: z.core.$RefinementCtx,
  path: PropertyKey[] = [],
): void {
  for (const issue of error.issues) {
    const params = issue.code === "custom" ? (issue.params ?? {}) : {};
    const { message } = issue;
    context.issues.push({ code: "custom", input, path: [...path, ...issue.path], message, params });
  }
}
