import { type JsonObject, numberAt, textAt, textsAt } from "#client/json.ts";
import type { RowOptions } from "./container-row.ts";
import type { Listing } from "./listing.ts";
import { decimalSize } from "./size.ts";
import { goTime, humanDuration } from "./time.ts";

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

/** An image of `GET /images/json`: a row for every name, or one row when it has none. */
export function imageRows(
  image: JsonObject,
  { now, truncate, digests }: RowOptions & { digests: boolean },
): Record<string, unknown>[] {
  const id = textAt(image, "Id");
  const created = numberAt(image, "Created") * 1000;
  const size = decimalSize(numberAt(image, "Size"), 3);
  const shared = numberAt(image, "SharedSize");
  const containers = numberAt(image, "Containers");
  const own = names(textsAt(image, "RepoTags"), textsAt(image, "RepoDigests"), digests);
  return own.map(({ Repository, Tag, Digest }) => ({
    Repository,
    Tag,
    Digest,
    ID: truncate ? id.replace(/^sha256:/, "").slice(0, 12) : id,
    CreatedSince: created > 0 ? `${humanDuration(now - created)} ago` : "N/A",
    // Seldom shown, and the most expensive of all.
    get CreatedAt() {
      return created > 0 ? goTime(created) : "N/A";
    },
    Size: size,
    VirtualSize: size,
    Containers: containers < 0 ? "N/A" : String(containers),
    SharedSize: shared < 0 ? "N/A" : decimalSize(shared, 3),
    UniqueSize: shared < 0 ? "N/A" : decimalSize(numberAt(image, "Size") - shared, 3),
  }));
}

interface Name {
  Repository: string;
  Tag: string;
  Digest: string;
}

const none = "<none>";

function names(tags: string[], digests: string[], withDigests: boolean): Name[] {
  const byRepository = new Map(digests.map((digest) => split(digest, "@")));
  const tagged = tags
    .filter((tag) => tag !== `${none}:${none}`)
    .map((tag) => split(tag, ":"))
    .map(([repository, tag]) => ({
      Repository: repository,
      Tag: tag,
      Digest: (withDigests && byRepository.get(repository)) || none,
    }));
  if (tagged.length > 0) return tagged;
  const [first] = byRepository;
  return [{ Repository: first?.[0] ?? none, Tag: none, Digest: first?.[1] ?? none }];
}

/** Splits at the last separator: a repository may hold a port. */
function split(name: string, separator: string): [string, string] {
  const at = name.lastIndexOf(separator);
  return at === -1 ? [name, none] : [name.slice(0, at), name.slice(at + 1)];
}
