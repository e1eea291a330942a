import { expect, test } from "bun:test";
import { withContainerDefaults } from "./container-defaults.ts";

const host = { Binds: ["/home/me/project:/workspaces/project"] };
const labels = (metadata: unknown) => ({
  "devcontainer.local_folder": "/home/me/project",
  "devcontainer.metadata": typeof metadata === "string" ? metadata : JSON.stringify(metadata),
});
const mode = (metadata: unknown, more: object = {}, userns?: string) =>
  withContainerDefaults(
    { ...host, ...more },
    { noNewPrivileges: false, ...(userns === undefined ? {} : { userns }) },
    labels(metadata),
  ).UsernsMode;

test("the remote user of a development container is the caller, so that it can write the workspace", () => {
  expect(mode([{ id: "feature" }, { remoteUser: "node" }, { remoteUser: "vscode" }, {}])).toBe(
    "keep-id:user=vscode",
  );
  expect(mode({ remoteUser: "1000" })).toBe("keep-id:user=1000");
  const mounts = { Binds: [], Mounts: [{ Type: "bind", Source: "/home/me", Target: "/w" }] };
  expect(mode({ remoteUser: "vscode" }, mounts)).toBe("keep-id:user=vscode");
});

test("root, a workspace in a volume, privileges, or a mode of one's own keep the usual ids", () => {
  for (const metadata of [{}, { remoteUser: "root" }, { remoteUser: "$USER" }, "no JSON", "null", "[3]"])
    expect(mode(metadata)).toBeUndefined();
  expect(mode({ remoteUser: "vscode" }, { Binds: ["workspace:/workspaces"] })).toBeUndefined();
  expect(mode({ remoteUser: "vscode" }, { Binds: ["/workspaces"] })).toBeUndefined();
  expect(mode({ remoteUser: "vscode" }, { Privileged: true })).toBeUndefined();
  expect(mode({ remoteUser: "vscode" }, {}, "host")).toBe("host");
  expect(mode({ remoteUser: "vscode" }, { UsernsMode: "host" })).toBe("host");
  expect(withContainerDefaults(host, { noNewPrivileges: false }, { "devcontainer.metadata": "[]" })).toEqual(
    host,
  );
});
