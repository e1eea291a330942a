import { expect, test } from "bun:test";
import { tar } from "#test/support/tar.ts";
import { until } from "#test/support/until.ts";
import { entriesOf, type FilesSource, tarOf } from "./archive-entries.ts";

const source: FilesSource = { image: "i", directory: "", added: [] };
const archive = tar(Array.from({ length: 400 }, (_, at) => ({ path: `f${at}`, content: "x".repeat(5000) })));

/** Returns a builder whose image has files, and that knows whether its archive is being read. */
function openFiles() {
  const state = { open: false };
  async function* files(): AsyncGenerator<Uint8Array> {
    state.open = true;
    try {
      for (let at = 0; at < archive.length; at += 4096) yield archive.subarray(at, at + 4096);
    } finally {
      state.open = false;
    }
  }
  const scope = { services: { builder: { files } }, signal: new AbortController().signal };
  return { state, scope };
}

test("the archive of an image ends when its entries are not read further", async () => {
  const { state, scope } = openFiles();
  for await (const { header } of entriesOf(scope, source)) {
    expect(header.name).toBe("f0");
    break;
  }
  await until(() => !state.open);
});

test("the archive of an image ends when the build is cancelled", async () => {
  const { state, scope } = openFiles();
  const stop = new AbortController();
  const read = async () => {
    for await (const { content } of entriesOf({ ...scope, signal: stop.signal }, source)) {
      stop.abort(new Error("cancelled"));
      for await (const _ of content);
    }
  };
  await expect(read()).rejects.toThrow("cancelled");
  await until(() => !state.open);
});

test("the archives of several images end when the tar is not read further", async () => {
  const { state, scope } = openFiles();
  const sources = ["a", "b"].map((directory) => ({ ...source, directory }));
  for await (const chunk of tarOf(scope, sources)) {
    expect(chunk.length).toBeGreaterThan(0);
    if (state.open) break;
  }
  await until(() => !state.open);
});
