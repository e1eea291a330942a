import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import {
  buildImage,
  busyboxLayer,
  busyboxUnavailable,
  dockerArchive,
  ociArchive,
  pushImage,
} from "./images.ts";
import { runProgram } from "./program.ts";
import { registryUnavailable, startRegistry } from "./registry.ts";
import { tar } from "./tar.ts";
import { temporaryDirectory } from "./temp.ts";

const skopeoUnavailable = !Bun.which("skopeo");

test("GNU tar reads archives written by the tests", async () => {
  using directory = temporaryDirectory("tar");
  const long = `${"directory/".repeat(20)}file`;
  const archive = tar([
    { path: "a", content: "hello", mode: 0o600, uid: 5, gid: 6, mtime: 1 },
    { path: "d", type: "directory" },
    { path: "l", type: "symlink", target: "a" },
    { path: long, content: "long", pax: { mtime: "1.5" } },
  ]);
  writeFileSync(`${directory.path}/a.tar`, archive);
  const { stdout, code } = await runProgram([
    "tar",
    "--numeric-owner",
    "--utc",
    "-tvf",
    `${directory.path}/a.tar`,
  ]);
  expect(code).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/ +/g, " "));
  expect(lines[0]).toBe("-rw------- 5/6 5 1970-01-01 00:00 a");
  expect(lines[1]).toStartWith("drwxr-xr-x");
  expect(lines[2]).toEndWith("l -> a");
  expect(lines[3]).toEndWith(long);
});

describe.skipIf(skopeoUnavailable || busyboxUnavailable !== undefined)("skopeo reads", () => {
  const source = { layers: [busyboxLayer(), [{ path: "etc/motd", content: "hi" }]], config: { Cmd: ["sh"] } };
  const inspect = async (reference: string, ...options: string[]) => {
    const { stdout, stderr, code } = await runProgram(["skopeo", "inspect", ...options, reference]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };

  test("archives of both kinds", async () => {
    using directory = temporaryDirectory("archive");
    const image = buildImage(source);
    writeFileSync(`${directory.path}/oci.tar`, ociArchive(image, "latest"));
    writeFileSync(`${directory.path}/docker.tar`, dockerArchive(source, "test:latest"));
    // skopeo would create the files as root.
    await runProgram(["tar", "-xf", "oci.tar", "--no-same-owner"], { cwd: directory.path });
    const oci = await inspect(`oci:${directory.path}:latest`);
    expect(oci.Digest).toBe(image.manifest.digest);
    expect(oci.Layers).toEqual(image.layers.map((layer) => layer.digest));
    expect((await inspect(`docker-archive:${directory.path}/docker.tar`)).Layers).toHaveLength(2);
  });

  test.skipIf(registryUnavailable !== undefined)(
    "a registry, and is kept out of one with a password",
    async () => {
      const image = buildImage({ ...source, compression: "zstd" });
      await using open = await startRegistry();
      await pushImage(open.host, "a/b", "1", image);
      const pulled = await inspect(`docker://${open.host}/a/b:1`, "--tls-verify=false");
      expect(pulled.Digest).toBe(image.manifest.digest);

      await using closed = await startRegistry({ username: "me", password: "secret" });
      expect(pushImage(closed.host, "a/b", "1", image)).rejects.toThrow("401");
      await pushImage(closed.host, "a/b", "1", image, `Basic ${btoa("me:secret")}`);
    },
  );
});
