import { expect, test } from "bun:test";
import { singleValue, streamOf } from "#support/streams.ts";
import { tar } from "#test/support/tar.ts";
import { readArchive } from "./archive-contents.ts";

test("an archive that finds the disk full is not called unreadable", async () => {
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  const refuse = () => Promise.reject(full);
  const content = { put: refuse, fill: refuse, adopt: refuse, ingest: refuse };
  const archive = streamOf(singleValue(tar([{ path: "blob", content: "text" }])));
  await expect(readArchive(content, archive, AbortSignal.timeout(10_000))).rejects.toBe(full);
});
