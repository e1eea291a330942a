import { expect, test } from "bun:test";
import { errorChain, errorCode, TboxError } from "./errors.ts";

test("an error stays the reported one when closing resources fails after it", () => {
  const first = new TboxError("conflict", "start the engine", { cause: new Error("no room") });
  const wrapped = new SuppressedError(new Error("close"), first);
  expect(errorChain(wrapped)).toBe("start the engine: no room");
  expect(errorCode(wrapped)).toBe("conflict");
  expect(errorChain(new SuppressedError(new Error("close again"), wrapped))).toBe(
    "start the engine: no room",
  );
  expect(errorChain(new TboxError("internal", "outer", { cause: wrapped }))).toBe(
    "outer: start the engine: no room",
  );
});
