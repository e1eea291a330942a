import { expect } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import type { TemporaryDirectory } from "#test/support/temp.ts";
import { writeContext } from "./build.ts";

/** Writes the context of a build with two stages, a cache mount and 200 files, whose steps depend on the round. */
export function writeLongBuild(round: number): TemporaryDirectory {
  const files = Array.from({ length: 200 }, (_, number) => [`src/f${number}`, `${number}`.repeat(2000)]);
  const dockerfile = [
    "FROM box:1 AS one",
    `RUN echo ${round} > /one`,
    "COPY src /src",
    "FROM box:1",
    `RUN --mount=type=cache,target=/c echo ${round} >> /c/log; for i in 1 2 3 4 5; do echo $i > /$i; done`,
    "COPY --from=one /one /",
    "COPY . /ctx",
    "RUN cat /ctx/src/* | md5sum > /sum",
    "",
  ];
  return writeContext({ Dockerfile: dockerfile.join("\n"), ...Object.fromEntries(files) });
}

/** Expects that an image of the build has the files of this round, whole. */
export async function expectWhole(daemon: TestDaemon, image: string, round: number): Promise<void> {
  const script = "cat /one /sum; cat /ctx/src/* | md5sum";
  const { stdout } = await daemon.tbox(["run", "--rm", "--network=none", image, "sh", "-c", script]);
  const [one, noted, found] = stdout.split("\n");
  expect([one, noted]).toEqual([String(round), found ?? ""]);
}
