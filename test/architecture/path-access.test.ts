import { describe, expect, test } from "bun:test";
import { repository } from "#test/support/repository.ts";
import { type PathAccess, rustReaches, typescriptReaches } from "./path-access.ts";

/** Files that own a kind of access, each with the reason why a path that changes meanwhile does no harm there. */
const owners: Record<PathAccess, Record<string, string>> = {
  attributes: {
    "src/support/host-tree.ts": "the path is a descriptor's",
    "src/support/path-descriptor.ts": "the path is a descriptor's",
    "native/crates/context/src/open.rs": "the path is a descriptor's",
    "native/crates/layers/src/copy/metadata_overrides.rs": "a name in an open directory; no link is followed",
    "native/crates/layers/src/extract/entry_metadata.rs": "a name in an open directory; no link is followed",
    "native/crates/layers/src/extract/whiteouts.rs": "a name in an open directory; no link is followed",
    "native/crates/layers/src/layer/commit.rs": "a name in a directory that only tbox can write",
    "native/crates/sandbox/src/mounts/base_layer.rs": "a name in a directory that only tbox can write",
    "native/crates/sandbox/src/mounts/populate.rs": "a name in an open directory; no link is followed",
    "native/crates/sys/src/seqpacket.rs": "a socket in a directory that only the user can write",
  },
  status: {
    "src/buildkit/sessions/directory-sink.ts": "below a directory that only the daemon can write",
    "src/cli/archives/target-tree.ts":
      "a name in an open directory; what follows creates, links or removes that name alone",
    "src/cli/commands/container/cp/copy-in.ts":
      "chooses the name of the copy; the copy opens the source itself",
    "src/support/host-tree.ts": "a name in an open directory; opening it follows no link",
    "src/support/private-directory.ts": "directories that no other user can replace, or a message",
    "native/crates/addon/src/cgroup/location.rs": "a directory of cgroupfs",
    "native/crates/helper/src/monitor/container_files.rs": "compares a socket with the own one",
    "native/crates/helper/src/monitor/log/files.rs":
      "a name in the log's open directory, which only tbox can write",
    "native/crates/helper/src/net/processes.rs": "compares namespaces in procfs",
    "native/crates/helper/src/zygote/listening.rs":
      "a name in the open run directory, which only the user can write",
    "native/crates/helper/src/zygote/server.rs": "whether procfs has a file",
    "native/crates/launcher/src/kernel/files.rs":
      "the identity of the program beside the launcher; follows links, whose target is what execve would run",
    "native/crates/layers/src/copy/copy_file.rs":
      "a name in an open directory; what follows resolves below the root",
    "native/crates/layers/src/copy/status.rs": "answers with the status",
    "native/crates/layers/src/extract/tree_writer.rs": "compares two names",
    "native/crates/layers/src/layer/changes.rs": "a name in an open directory; opening it follows no link",
    "native/crates/layers/src/measure.rs": "adds sizes up",
    "native/crates/layers/src/overlay.rs": "a name in an open directory; what follows follows no link",
    "native/crates/layers/src/pack/tree_archive.rs":
      "a name in an open directory; opening it follows no link",
    "native/crates/network/src/bridge_namespace.rs": "whether procfs has a file",
    "native/crates/sandbox/src/steps/execution.rs": "inside the container, with its rights, for a message",
    "native/crates/sandbox/src/steps/root_owned.rs":
      "a name in an open directory; what follows checks the opened file again",
    "native/crates/sys/src/fork.rs": "whether procfs shows one thread",
    "native/crates/walk/src/walker.rs": "a name in an open directory; opening it follows no link",
  },
  target: {
    "src/buildkit/sessions/directory-sink.ts": "below a directory that only the daemon can write",
    "src/cli/archives/pack-tree.ts": "a link that the user names and wants to be followed",
    "src/cli/commands/build/context.ts": "a path that the user names; the daemon opens what it then leads to",
    "src/cli/commands/build/sources.ts": "a path that the user names; the daemon opens what it then leads to",
    "src/client/credentials/docker-config.ts": "keeps the user's own link to the configuration",
    "src/client/daemon/require-store.ts": "compares names for a message",
    "src/containers/networking/port-conflict.ts": "descriptors in procfs, for a message",
    "src/launcher/own-process.ts": "namespaces in procfs",
    "src/support/host-tree.ts": "answers with the target",
    "native/crates/context/src/scan.rs": "answers with the target",
    "native/crates/layers/src/copy/copy_tree.rs": "copies the link",
    "native/crates/layers/src/copy/status.rs": "answers with the target",
    "native/crates/layers/src/copy/target_directory.rs": "resolves the target below the root",
    "native/crates/layers/src/pack/tree_archive.rs": "packs the link",
    "native/crates/sandbox/src/in_root.rs": "resolves the target below the root",
    "native/crates/sandbox/src/mounts/host_root.rs": "copies the link",
    "native/crates/sandbox/src/mounts/populate.rs": "copies the link",
    "native/crates/sys/src/own_code.rs": "the program's own file in procfs",
  },
};

const sources = [
  ...new Bun.Glob("src/**/*.ts").scanSync(repository),
  ...new Bun.Glob("native/crates/*/src/**/*.rs").scanSync(repository),
].filter((path) => !/\.test\.ts$|tests?\.rs$|\/src\/(?:.*\/)?tests\//.test(path));
const texts = await Promise.all(
  sources.map(async (path) => ({ path, text: await Bun.file(`${repository}/${path}`).text() })),
);

function reaches(access: PathAccess, path: string, text: string): boolean {
  return path.endsWith(".rs") ? rustReaches(access, text) : typescriptReaches(access, text);
}

describe("shipped files", () => {
  test.each([
    ["change attributes of", "attributes"],
    ["look without following links at", "status"],
    ["resolve links of", "target"],
  ] as const)("%s a path only where that is known to be harmless", (_, access) => {
    const found = texts.filter(({ path, text }) => reaches(access, path, text)).map(({ path }) => path);
    expect(found.toSorted()).toEqual(Object.keys(owners[access]).toSorted());
  });
});

describe("code that reaches a path is found", () => {
  test.each([
    'import { NAME } from "node:fs/promises";',
    'import { open, NAMESync as other } from "fs";',
    'import * as files from "node:fs";',
    'import files from "node:fs";',
    'import { promises as files } from "node:fs";',
    'const { NAME: other } = await import("node:fs/promises");',
    'const files = await import("node:fs/promises");',
    'void import("node:fs").then((files) => files["NA" + "ME"](path, 0));',
    'void import("node:fs").then(({ NAME }) => NAME(path, 0, 0));',
    'const files = require("node:" + "fs");',
    'process.getBuiltinModule("fs").NAMESync(path, 0);',
    'export { NAME } from "node:fs/promises";',
  ])("in %s", (text) => {
    for (const [access, names] of [
      ["attributes", ["chmod", "chown", "lchown", "utimes"]],
      ["status", ["lstat"]],
      ["target", ["readlink", "realpath"]],
    ] as const) {
      for (const name of names) expect(typescriptReaches(access, text.replaceAll("NAME", name))).toBe(true);
    }
  });

  test.each([
    ["attributes", "use rustix::fs::{chmodat as set};"],
    ["attributes", "use std::fs::*;"],
    ["attributes", "fs::set_permissions(p, m)"],
    ["status", "use rustix::fs::{Mode, statat as look};"],
    ["status", "use std::fs::*;"],
    ["status", "std::fs::symlink_metadata(path)"],
    ["status", "use std::fs::{self, metadata};"],
    ["status", "if path.exists() {"],
    ["status", "paths.find(|path| Path::is_file(path))"],
    ["status", "rustix::fs::accessat(CWD, path, access, flags)"],
    ["target", "path.canonicalize()"],
    ["target", "use rustix::fs::readlinkat;"],
    ["target", "path.read_link()"],
  ] as const)("%s in %s", (access, text) => {
    expect(rustReaches(access, text)).toBe(true);
  });

  test("and code with descriptors is not", () => {
    const harmless = [
      'import { closeSync, fchmodSync, fstatSync } from "node:fs";\nfchmodSync(descriptor, 0o700);',
      'import { open } from "node:fs/promises";\nawait file.chmod(0o700); // import { chmod } is not needed',
      'void import("node:fs").then(({ closeSync }) => closeSync(descriptor));',
    ];
    const harmlessRust = [
      "use rustix::fs::fchmod;",
      "/// As chmodat and lstat do.",
      "use rustix::fs::{fchmod, fchown, fstat};",
      "let length = file.metadata()?.len();",
      "FileType::from_raw_mode(status.st_mode).is_symlink()",
    ];
    for (const access of ["attributes", "status", "target"] as const) {
      for (const text of harmless) expect(typescriptReaches(access, text)).toBe(false);
      for (const text of harmlessRust) expect(rustReaches(access, text)).toBe(false);
    }
  });
});
