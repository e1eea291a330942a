import { busyboxLayer, type ImageSource } from "#test/support/images.ts";

/** Returns bytes that are the name's own. */
export function contentOf(name: string): Uint8Array {
  const block = new Bun.CryptoHasher("sha512").update(name).digest();
  return Uint8Array.from({ length: 200_000 }, (_, index) => (block[index % 64] ?? 0) ^ (index >> 6));
}

/** Returns an image with a shell and the name's own content. */
export function sourceOf(name: string): ImageSource {
  const own = [
    { path: "own", content: `${name}\n` },
    { path: "big", content: contentOf(name) },
  ];
  return { layers: [busyboxLayer(), own], config: { Env: ["PATH=/bin"] } };
}

/** Command that prints the content of an image. */
export const print = ["sh", "-c", "cat /own; md5sum </big | cut -c1-8"];

/** Returns the words that an image prints, joined by hyphens. `content` is the name whose bytes it has. */
export function printedBy(name: string, content: string = name): string {
  return `${name}-${new Bun.CryptoHasher("md5").update(contentOf(content)).digest("hex").slice(0, 8)}`;
}
