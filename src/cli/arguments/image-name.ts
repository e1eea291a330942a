/** An image's name, split. */
export interface ImageName {
  /** Name without tag or digest. */
  name: string;
  /** Tag or digest; `latest` without either. */
  tag: string;
  /** Whether the text has a tag or a digest. */
  given: boolean;
}

/** Splits an image's name at its tag or digest; the port of a registry is not a tag. */
export function splitImageName(image: string): ImageName {
  const at = image.indexOf("@");
  if (at !== -1) {
    const { name } = splitImageName(image.slice(0, at));
    return { name, tag: image.slice(at + 1), given: true };
  }
  const colon = image.lastIndexOf(":");
  if (colon === -1 || image.indexOf("/", colon) !== -1) return { name: image, tag: "latest", given: false };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1), given: true };
}

/** Joins a name with its tag or digest. */
export function joinImageName(name: string, tag: string): string {
  return `${name}${tag.includes(":") ? "@" : ":"}${tag}`;
}

/** Returns the full name of an image with its registry, as Docker prints it after a pull. */
export function fullImageName(image: string): string {
  const { name, tag } = splitImageName(image);
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const repository = hasHost ? name : `docker.io/${rest.length === 0 ? "library/" : ""}${name}`;
  return joinImageName(repository, tag);
}
