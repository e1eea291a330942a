/** Images that moby's tests expect; if all exist, the tests pull nothing. */
export const mobyImages: string[] = [
  "busybox:latest",
  "busybox:glibc",
  "hello-world:frozen",
  "hello-world:amd64",
  "hello-world:arm64",
  "hello-world:latest",
  "debian:bookworm-slim",
];

const greeting = { Cmd: ["/hello"] };

/** Configurations of those that are no shell. */
export const mobyConfigs: Record<string, Record<string, unknown>> = {
  "hello-world:frozen": greeting,
  "hello-world:amd64": greeting,
  "hello-world:arm64": greeting,
  "hello-world:latest": greeting,
};
