import type { ImageSummary } from "#api/answers/images.ts";
import { humanDuration } from "#support/time/human-duration.ts";
import { createRows } from "./cached-rows.ts";
import type { RowOptions } from "./container-row.ts";
import type { Listing } from "./listing.ts";
import { decimalSize } from "./size.ts";
import { goTime } from "./time.ts";

/** Returns the columns of `tbox images`. */
export function imageListing(withDigests: boolean): Listing {
  return {
    headings: {
      ID: "IMAGE ID",
      Repository: "REPOSITORY",
      Tag: "TAG",
      Digest: "DIGEST",
      CreatedSince: "CREATED",
      CreatedAt: "CREATED AT",
      Size: "SIZE",
      Containers: "CONTAINERS",
      SharedSize: "SHARED SIZE",
      UniqueSize: "UNIQUE SIZE",
      VirtualSize: "SIZE",
    },
    columns: ["Repository", "Tag", ...(withDigests ? ["Digest"] : []), "ID", "CreatedSince", "Size"],
    quiet: "ID",
  };
}

/** Returns the rows of images. */
export const rowsOfImages = createRows<ImageSummary, { truncate: boolean; digests: boolean }>({
  make: imageRows,
  since: ({ Created }) => (Created > 0 ? Created * 1000 : undefined),
});

/**
 * Returns one row for each tag of an image, or one row without a tag. Getters compute the less common fields on demand,
 * because there can be thousands of images.
 */
export function imageRows(
  image: ImageSummary,
  { now, truncate, digests }: RowOptions & { digests: boolean },
): Record<string, unknown>[] {
  const { Id: id, Size: bytes, SharedSize: shared, Containers: count } = image;
  const created = image.Created * 1000;
  const shown = truncate ? id.slice(id.indexOf(":") + 1).slice(0, 12) : id;
  const age = created > 0 ? `${humanDuration(now - created)} ago` : "N/A";
  const size = decimalSize(bytes, 3);
  const rows: Record<string, unknown>[] = [];
  const add = (repository: string, tag: string, digest: string) =>
    rows.push({
      Repository: repository,
      Tag: tag,
      Digest: digest,
      ID: shown,
      CreatedSince: age,
      get CreatedAt() {
        return created > 0 ? goTime(created) : "N/A";
      },
      Size: size,
      VirtualSize: size,
      get Containers() {
        return count < 0 ? "N/A" : String(count);
      },
      get SharedSize() {
        return shared < 0 ? "N/A" : decimalSize(shared, 3);
      },
      get UniqueSize() {
        return shared < 0 ? "N/A" : decimalSize(bytes - shared, 3);
      },
    });
  const references = image.RepoDigests ?? [];
  const digestOf = (repository: string) =>
    references.findLast((name) => name.startsWith(`${repository}@`))?.slice(repository.length + 1) ?? none;
  for (const name of image.RepoTags ?? []) {
    if (name === `${none}:${none}`) continue;
    const [repository, tag] = split(name, ":");
    add(repository, tag, digests ? digestOf(repository) : none);
  }
  if (rows.length > 0) return rows;
  const [repository] = split(references[0] ?? none, "@");
  add(repository, none, digestOf(repository));
  return rows;
}

const none = "<none>";

/** Splits at the last separator, because the registry's port contains a colon too. */
function split(name: string, separator: string): [string, string] {
  const at = name.lastIndexOf(separator);
  return at === -1 ? [name, none] : [name.slice(0, at), name.slice(at + 1)];
}
