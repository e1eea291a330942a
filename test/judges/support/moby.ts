import { greeter, type NamedImage, standIn } from "./fixtures.ts";

/** Returns the images that moby's tests expect; if all exist, the tests pull nothing. */
export function mobyImages(): NamedImage[] {
  const shells = ["busybox:latest", "busybox:glibc", "debian:bookworm-slim"];
  const greeters = ["frozen", "amd64", "arm64", "latest"].map((tag) => `hello-world:${tag}`);
  return [...shells.map((name) => standIn(name)), ...greeters.map(greeter)];
}
