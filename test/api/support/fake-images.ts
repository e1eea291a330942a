import type { ImageArchives } from "#images/archive/image-archives.ts";
import type { ImageAuthoring } from "#images/authoring/image-authoring.ts";
import type { ImageExports } from "#images/export/image-exports.ts";
import type { Images } from "#images/images.ts";
import { MissingImageError } from "#images/missing-image-error.ts";
import type { ImageDetails, ImageQueries } from "#images/store/image-queries.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";
import type { ImageMaintenance } from "#images/upkeep/image-maintenance.ts";
import { digestOf } from "#oci/digest.ts";
import { canonicalName, familiarName, parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { type FakeState, nothing } from "./fake-state.ts";

/** ID of every fake image. */
export const fakeDigest = `sha256:${"a".repeat(64)}` as ImageDetails["id"];

/** Returns images that have a name and nothing else. */
export function fakeImages(state: FakeState): Images {
  return {
    ...fakeTransfer(state),
    ...fakeArchives(state),
    ...fakeQueries(state),
    ...fakeAuthoring(state),
    ...fakeExports(state),
    ...fakeMaintenance(state),
  };
}

function fakeTransfer({ calls, pulls }: FakeState): ImageTransfer {
  return {
    pull(reference, { signal }) {
      const name = canonicalName(reference);
      calls.push(`pull ${name}`);
      const found = Object.keys(pulls).find((key) => name.includes(key));
      if (found === undefined) throw new TboxError("not-found", "pull access denied");
      return pulls[found]?.(signal) ?? nothing();
    },
    fetchImage: () => {
      throw new TboxError("internal", "not expected here");
    },
    async *push(reference, { platform }) {
      calls.push(`push ${canonicalName(reference)} ${platform?.architecture ?? ""}`.trimEnd());
      yield { status: "The push refers to repository [x]" };
      yield { aux: { Tag: "1", Digest: fakeDigest, Size: 6 } };
    },
    async *pullAllTags(reference) {
      calls.push(`pull all of ${canonicalName(reference)}`);
      yield { status: "Digest: x" };
    },
    async inspectRemote(reference) {
      calls.push(`look up ${canonicalName(reference)}`);
      const descriptor = { mediaType: "x/y", digest: digestOf("x"), size: 1 };
      return { descriptor, platforms: [{ os: "linux", architecture: "amd64" }], bytes: Buffer.from("{}") };
    },
    async search(term, { limit, filters }) {
      calls.push(`search ${term} ${limit} ${[...filters.keys()]}`);
      return [{ name: term, description: "", stars: 1, official: true }];
    },
    openRemote: (reference) => ({
      name: canonicalName(reference),
      top: () => Promise.reject(new TboxError("not-found", "no manifest")),
      open: () => Promise.reject(new TboxError("not-found", "no blob")),
    }),
    readRemote: () => Promise.reject(new TboxError("not-found", "no blob")),
    fetchLayer: () => Promise.reject(new TboxError("not-found", "no blob")),
    async logIn(domain, { username }) {
      calls.push(`log in ${username} at ${domain}`);
      if (username !== "me") throw new TboxError("unauthorized", "incorrect username or password");
    },
  };
}

function fakeArchives({ calls, present }: FakeState): ImageArchives {
  return {
    async *load(archive) {
      yield { loaded: `loaded:${await sizeOf(archive)}`, id: digestOf("loaded") };
    },
    async save(names) {
      calls.push(`save ${names.join(" ")}`);
      return new Blob([names.join(" ")]).stream();
    },
    async import(archive, { changes, message, reference }) {
      if (reference) present.add(familiarName(reference));
      calls.push(`import ${await sizeOf(archive)} ${changes.join("|")} ${message}`);
      return fakeDigest;
    },
  };
}

/** Records exports, and sends the text `archive` for one. */
function fakeExports({ calls }: FakeState): ImageExports {
  const top = { mediaType: "x/y", digest: fakeDigest, size: 6 };
  return {
    async sendImages({ images }, target) {
      const place = target.type === "registry" ? canonicalName(target.reference) : "a store";
      calls.push(`send ${images.length} to ${place}`);
      return top;
    },
    async archiveImages(_, { format }, send) {
      calls.push(`archive ${format}`);
      await send(new Blob(["archive"]).stream(), top);
    },
    async nameImages({ names }) {
      calls.push(`name ${names.map(familiarName).join(" ")}`);
      return top;
    },
    sendCache: async () => top,
    async storeCache({ steps }) {
      calls.push(`store ${steps.length} steps`);
      return steps.length > 0;
    },
  };
}

async function sizeOf(archive: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const bytes of archive) size += bytes.length;
  return size;
}

function fakeQueries({ calls, present, revision }: FakeState): ImageQueries {
  return {
    findId: (name) => (present.has(name) ? fakeDigest : undefined),
    isDescendant: () => false,
    resolve: async (name) => findImage(present, name),
    async inspect(name) {
      calls.push(`inspect ${name}`);
      return findImage(present, name);
    },
    list: async () => [...present].map(imageDetails),
    revision,
    async history(name) {
      findImage(present, name);
      return [];
    },
    sharedSizes: () => new Map([...present].map((name) => [imageDetails(name).id, 1])),
    containers: () => 2,
  };
}

function fakeAuthoring({ present }: FakeState): ImageAuthoring {
  return {
    resolveBase: async (name) => ({ ...findImage(present, name), layers: [] }),
    write: async () => fakeDigest,
    commit: async () => fakeDigest,
    adoptLayer: () => Promise.reject(new Error("no layer is adopted")),
    tag: async (name) => findImage(present, name).id,
    usedLayers: () => [],
    withLease: (work) => work(),
  };
}

function fakeMaintenance({ calls, present }: FakeState): ImageMaintenance {
  return {
    async remove(name) {
      calls.push(`rmi ${name}`);
      const { id } = findImage(present, name);
      present.delete(name);
      return [{ untagged: name }, { deleted: id }];
    },
    collect: async () => {},
    startCollecting: () => {},
    prune: async () => ({ removed: [], space: 0 }),
    async *check({ repair, credentials }) {
      calls.push(`check ${repair} ${credentials("ghcr.io")?.username}`);
      yield { summary: { blobs: 1, layers: 2, images: 3 } };
    },
    usage: async () => ({
      images: [...present].map((name) => ({
        image: imageDetails(name),
        size: 3,
        sharedSize: 1,
        containers: 2,
      })),
      size: 3,
      reclaimable: 1,
      kept: new Map(),
    }),
  };
}

/** Returns an image of the store, or throws like the real one. */
function findImage(present: ReadonlySet<string>, name: string): ImageDetails {
  if (present.has(name)) return imageDetails(name);
  parseReference(name);
  throw new MissingImageError(/:[^/]*$/.test(name) ? name : `${name}:latest`);
}

function imageDetails(name: string): ImageDetails {
  return {
    id: fakeDigest,
    config: { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } },
    diffIds: [],
    embedded: false,
    repoTags: [`${name}:latest`],
    repoDigests: [],
    target: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: fakeDigest, size: 7 },
    size: 1000,
    created: 1_700_000_000_000,
    parent: "",
  };
}
