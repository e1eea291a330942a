import type { ImageInspect, ImageSummary } from "#api/answers/images.ts";
import { decimalSize } from "./size.ts";
import { alignColumns } from "./table.ts";

/**
 * Renders images as a tree: each name with its image's platform below it. The store keeps one platform of an image.
 * `inspect` returns the details of an image.
 */
export async function imageTree(
  images: readonly ImageSummary[],
  inspect: (id: string) => Promise<ImageInspect>,
): Promise<string> {
  const rows = await Promise.all(
    images.map(async (image) => {
      const { Os, Architecture, Variant } = await inspect(image.Id);
      const platform = [Os, Architecture, Variant].filter((part) => part).join("/");
      const columns = [image.Id.slice("sha256:".length).slice(0, 12), decimalSize(image.Size, 3)];
      const names = image.RepoTags.length > 0 ? image.RepoTags : ["<untagged>"];
      const used = image.Containers > 0 ? "U" : "";
      return names.flatMap((name) => [
        [name, ...columns, used],
        [`└─ ${platform}`, ...columns, ""],
      ]);
    }),
  );
  return `${alignColumns([["IMAGE", "ID", "DISK USAGE", "EXTRA"], ...rows.flat()])}`;
}
