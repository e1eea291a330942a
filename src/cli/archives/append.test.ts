import { expect, test } from "bun:test";
import { open } from "node:fs/promises";
import { failureMessage } from "../output/failure.ts";
import { append } from "./append.ts";

test("an archive that does not fit on the disk names the file", async () => {
  await using file = await open("/dev/full", "w");
  const failure = await append(file, "/tmp/saved.tar", Uint8Array.of(1)).catch((error) => error);
  expect(failureMessage(failure)).toBe("write /tmp/saved.tar: no space left on device");
});
