import { applyChanges } from "#builds/plan/apply-changes.ts";
import type { ContentStore } from "#content/content-store.ts";
import { openDiskContentStore } from "#content/open-content-store.ts";
import type { Images } from "#images/images.ts";
import { openImages } from "#images/open-images.ts";
import type { Layers } from "#layers/layers.ts";
import { openLayers } from "#layers/open-layers.ts";
import { type Digest, parseDiffId } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { fakeLayers } from "#test/support/fake-layers.ts";
import { startImageServer } from "#test/support/image-server.ts";
import { buildImage, type TestImage } from "#test/support/images.ts";
import { immediately } from "#test/support/immediately.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openTestStore } from "./test-store.ts";

/** A store without images and a registry that has one image. */
export interface ImagesSubject extends AsyncDisposable {
  images: Images;
  content: ContentStore;
  layers: Layers;
  /** Image that the registry has under `name`. */
  image: TestImage;
  /** Familiar name with a tag. */
  name: string;
  /** Blobs that the registry has sent so far. */
  served(): number;
  /** Makes the registry send other bytes of the same length for the layer. */
  corrupt(): void;
  /** Registers a container that uses an image; returns its ID. */
  use(image: Digest, active: boolean): string;
  /** Events so far: action and name. */
  events: string[];
  /** Replaces the bytes of a blob. */
  damage(digest: string): Promise<void>;
}

const source = { layers: [[{ path: "file", content: "text" }]], config: { Cmd: ["/file"] } };

/** Opens images over layers that unpack nothing. */
export async function openImagesOverFakes(): Promise<ImagesSubject> {
  await using opened = new AsyncDisposableStack();
  const store = opened.use(temporaryDirectory("images")).path;
  const [layer] = buildImage(source).layers;
  const layers = fakeLayers(new Set(), parseDiffId(layer?.diffId ?? ""));
  return await openSubject(store, layers, opened.move());
}

/** Opens images over layers that the helper unpacks. */
export async function openImagesOnDisk(): Promise<ImagesSubject> {
  await using opened = new AsyncDisposableStack();
  const { path: store, zygote } = opened.use(await openTestStore());
  const layers = await openLayers({ database: memoryDatabase(), store, zygote, warn: () => {} });
  return await openSubject(store, layers, opened.move());
}

async function openSubject(
  store: string,
  layers: Layers,
  resources: AsyncDisposableStack,
): Promise<ImagesSubject> {
  await using opened = resources;
  const server = opened.use(startImageServer());
  const image = buildImage(source);
  server.publish("1", image);
  const content = await openDiskContentStore(store);
  const uses = openUsageRegister<"image" | "layer">();
  const events: string[] = [];
  await Bun.write(`${store}/hello`, "program");
  const images = await openImages({
    database: memoryDatabase(),
    content,
    layers,
    registry: plainRegistry,
    helloProgram: `${store}/hello`,
    uses,
    applyChanges,
    defer: immediately,
    warn: () => {},
    notify: (action, _, { name }) => events.push(`${action} ${name}`),
  });
  const owned = opened.move();
  return {
    images,
    content,
    layers,
    image,
    name: `${server.host}/app:1`,
    served: () => server.served.size,
    corrupt() {
      const [layer] = image.layers;
      if (layer) server.publish("1", { ...image, layers: [{ ...layer, bytes: inverted(layer.bytes) }] });
    },
    use(key, active) {
      const id = "c".repeat(64);
      uses.register({ id, name: "web" }, [{ kind: "image", key, active }]);
      return id;
    },
    events,
    damage: async (digest) => {
      const path = `${store}/blobs/${digest.replace(":", "/")}`;
      await Bun.write(path, inverted(await Bun.file(path).bytes()));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}

/** Pulls the registry's image. */
export async function pull({ images, name }: ImagesSubject): Promise<void> {
  const { signal } = new AbortController();
  await Array.fromAsync(images.pull(parseReference(name), { signal }));
}
