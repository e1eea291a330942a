import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { apiSocket } from "./api-socket.ts";
import { ensureBindSources } from "./bind-sources.ts";

const socket = apiSocket({ run: "/run-directory", uid: 1000 });

test("a source that cannot be created is named with Docker's reason", async () => {
  using directory = temporaryDirectory("bind-sources");
  await Bun.write(`${directory.path}/file`, "");
  const source = `${directory.path}/file/x`;
  const reason = `error while creating mount source path '${source}': mkdir ${source}: not a directory`;
  expect(() => ensureBindSources({ Binds: [`${source}:/x`] }, socket)).toThrow(reason);
});

test("missing sources are created, but not those that stand for the API's socket", () => {
  using directory = temporaryDirectory("bind-sources");
  const source = `${directory.path}/made`;
  ensureBindSources({ Binds: [`${source}:/x`, "/run-directory/tbox.sock:/s"] }, socket);
  expect(existsSync(source)).toBe(true);
  expect(existsSync("/run-directory")).toBe(false);
});

test("the paths of Docker's and Podman's sockets stand for the API's unless the host has them", () => {
  expect(socket.resolve("/run-directory/tbox.sock")).toBe("/run-directory/container.sock");
  for (const path of ["/var/run/docker.sock", "/run/docker.sock", "/run/user/1000/podman/podman.sock"]) {
    expect(socket.resolve(path)).toBe(existsSync(path) ? path : "/run-directory/container.sock");
  }
  expect(socket.resolve("/run/user/1001/docker.sock")).toBe("/run/user/1001/docker.sock");
});
