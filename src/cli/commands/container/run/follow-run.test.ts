import { expect, test } from "bun:test";
import { isMissingImage } from "./follow-run.ts";

const failure = { event: "error", exitCode: 125 } as const;

test("the CLI pulls a missing image for a daemon of an older version", () => {
  const message = "No such image: app:1";
  expect(isMissingImage({ ...failure, status: 404, code: "missing-image", message })).toBe(true);
  // An older daemon sends no code, or only that of the status.
  expect(isMissingImage({ ...failure, status: 404, code: "not-found", message })).toBe(true);
});

test("the CLI pulls nothing after other failures", () => {
  const message = "network app not found";
  expect(isMissingImage({ ...failure, status: 404, code: "not-found", message })).toBe(false);
});
