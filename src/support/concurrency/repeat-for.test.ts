import { expect, test } from "bun:test";
import { repeatFor } from "./repeat-for.ts";

test("an attempt is repeated until it returns a value", async () => {
  let attempts = 0;
  expect(await repeatFor(60_000, async () => (++attempts < 3 ? undefined : "done"))).toBe("done");
  expect(attempts).toBe(3);
});

test("without time, one attempt is made", async () => {
  let attempts = 0;
  const attempt = async () => {
    attempts++;
    return undefined;
  };
  expect(await repeatFor(-1, attempt)).toBeUndefined();
  expect(attempts).toBe(1);
});
