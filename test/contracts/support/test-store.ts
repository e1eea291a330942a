import { mkdirSync } from "node:fs";
import { openDiskContentStore } from "#content/open-content-store.ts";
import { openZygote, type Zygote } from "#native/zygote/zygote.ts";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { temporaryDirectory } from "#test/support/temp.ts";

/** An empty store with the real helper. */
export interface TestStore extends AsyncDisposable {
  path: string;
  zygote: Zygote;
}

export async function openTestStore(): Promise<TestStore> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(temporaryDirectory("contract"));
  const path = `${directory.path}/store`;
  const run = `${directory.path}/run`;
  for (const name of ["containers", "layers/.staging"]) mkdirSync(`${path}/${name}`, { recursive: true });
  // Committed layers are written as blobs, too.
  await openDiskContentStore(path);
  mkdirSync(`${run}/monitors`, { recursive: true, mode: 0o700 });
  opened.defer(() => killTrees(processesMentioning(run)));
  const zygote = opened.use(await openZygote({ store: path, run }));
  const owned = opened.move();
  return { path, zygote, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
