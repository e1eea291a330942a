/** Docker Hub's key in a configuration file. */
const hubKey = "https://index.docker.io/v1/";

/** Returns the key under which credentials for an image's registry are stored. */
export function registryKey(image: string): string {
  const slash = image.indexOf("/");
  const first = slash === -1 ? "" : image.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return isHost ? serverKey(first) : hubKey;
}

/** Returns the key of a registry: a host, with or without scheme and path; the empty text is Docker Hub. */
export function serverKey(server: string): string {
  const host = hostOf(server);
  const isHub = ["", "docker.io", "index.docker.io", "registry-1.docker.io"].includes(host);
  return isHub ? hubKey : host;
}

/** Reports whether two keys mean the same registry. */
export function isSameKey(one: string, other: string): boolean {
  return one === other || hostOf(one) === hostOf(other);
}

/** Returns the host in a key. */
export function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}
