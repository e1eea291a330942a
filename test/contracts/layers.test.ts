import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { layerPath, layersDirectory, stagingDirectory } from "#layers/layer-path.ts";
import type { WithBlob } from "#layers/layers.ts";
import { openLayers } from "#layers/open-layers.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { fakeLayers } from "#test/support/fake-layers.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { helperUnavailable } from "#test/support/user.ts";
import { describeLayers, describeLayersOnDisk, diffId, growthOf, type LayersOnDisk } from "./layers.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openTestStore } from "./support/test-store.ts";

async function openOnDisk(): Promise<LayersOnDisk> {
  await using opened = new AsyncDisposableStack();
  const { path: store, zygote } = opened.use(await openTestStore());
  const blobs = opened.use(temporaryDirectory("blobs")).path;
  const layers = await openLayers({ database: memoryDatabase(), store, zygote, warn: () => {} });
  let count = 0;
  const owned = opened.move();
  return {
    layers,
    blob: (bytes) => fileBlob(`${blobs}/${count++}`, bytes),
    read: (id, path) => Bun.file(`${store}/${layerPath(id)}/${path}`).text(),
    damage: (id, path) => writeFileSync(`${store}/${layerPath(id)}/${path}`, "other"),
    upper(files) {
      const path = `containers/${count++}/upper`;
      mkdirSync(`${store}/${path}`, { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(`${store}/${path}/${name}`, text);
      return path;
    },
    litter() {
      const paths = [`${stagingDirectory}/unfinished`, `${layersDirectory}/${"0".repeat(64)}`];
      for (const path of paths) mkdirSync(`${store}/${path}`);
      return () => paths.some((path) => existsSync(`${store}/${path}`));
    },
    growing(bytes) {
      const path = `${blobs}/${count++}`;
      const growth = growthOf(bytes.length);
      let written = 0;
      writeFileSync(path, "");
      return {
        blob: (use) => withFile(path, (descriptor) => use(descriptor, growth)),
        grow(count) {
          appendFileSync(path, bytes.subarray(written, written + count));
          written += count;
          growth.grow();
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function fileBlob(path: string, bytes: Uint8Array): WithBlob {
  writeFileSync(path, bytes);
  return (use) => withFile(path, use);
}

async function withFile<T>(path: string, use: (descriptor: number) => Promise<T>): Promise<T> {
  const descriptor = openSync(path, "r");
  try {
    return await use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

describeUnless(helperUnavailable, "the layers of a store", () => {
  describeLayers("present layers", openOnDisk);
  describeLayersOnDisk("files of layers", openOnDisk);
});

describeLayers("fake layers", async () => ({
  layers: fakeLayers(new Set(), diffId),
  blob: () => () => Promise.reject(new Error("fake layers read no archive")),
  [Symbol.asyncDispose]: async () => {},
}));
