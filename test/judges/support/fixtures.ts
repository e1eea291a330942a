import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { buildImage, busyboxLayer, programWithLibraries, type TestImage } from "#test/support/images.ts";
import type { TarEntry } from "#test/support/tar.ts";

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const directories = ["media", "mnt", "opt", "srv", "usr/bin", "usr/local", "usr/sbin", "sbin", "run"];
const variable = ["var/cache", "var/lib", "var/log", "var/opt", "var/run", "var/spool", "var/tmp"];

/** An image and its name, with a tag. */
export interface NamedImage {
  name: string;
  image: TestImage;
}

/**
 * Returns a substitute for an image of a registry: busybox, the host's bash, and the users and directories of a small
 * distribution. Each name gets its own image, because suites remove images by id.
 */
export function standIn(
  name: string,
  config: Record<string, unknown> = {},
  files: TarEntry[] = [],
): NamedImage {
  // Some readers of archives refuse a path that occurs twice.
  const entries = new Map([...busyboxLayer(), ...system(name), ...files].map((entry) => [entry.path, entry]));
  const image = buildImage({
    layers: [[...entries.values()]],
    config: { Env: [path], Cmd: ["sh"], ...config },
  });
  return { name, image };
}

/** Returns an image whose program prints a greeting. */
export function greeter(name: string): NamedImage {
  const hello = { path: "hello", content: "#!/bin/sh\necho Hello from Docker!\n", mode: 0o755 };
  return standIn(name, { Cmd: ["/hello"] }, [hello]);
}

/** Returns an image of one static program of the host. */
export function programImage(name: string, program: string): NamedImage {
  const layers: TarEntry[][] = [[{ path: "program", content: readFileSync(program), mode: 0o755 }]];
  // Testcontainers and its reaper recognise the reaper's image by this label.
  const Labels = { "org.testcontainers.ryuk": "true" };
  return { name, image: buildImage({ layers, config: { Entrypoint: ["/program"], Labels } }) };
}

const users = [
  "root:x:0:0:root:/root:/bin/sh",
  "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
  "bin:x:2:2:bin:/bin:/bin/false",
  "lp:x:7:7:lp:/var/spool/lpd:/bin/false",
  "docker:x:999:999:docker:/home:/bin/false",
  "www-data:x:33:33:www-data:/var/www:/bin/false",
  "postgres:x:70:70:postgres:/var/lib:/bin/sh",
  "nobody:x:65534:65534:nobody:/home:/bin/false",
];
const groups = [
  "root:x:0:",
  "daemon:x:1:",
  "bin:x:2:",
  "staff:x:50:",
  "wheel:x:10:",
  "sys:x:3:",
  "adm:x:4:",
  "lp:x:7:",
  "mail:x:8:",
  "docker:x:999:",
  "audio:x:29:",
  "postgres:x:70:",
  "nogroup:x:65534:",
];
const accounts = new Map([
  ["etc/passwd", users],
  ["etc/group", groups],
]);

function system(name: string): TarEntry[] {
  const shell = programWithLibraries("/bin/bash");
  return [
    ...[...accounts].map(([file, lines]): TarEntry => ({ path: file, content: `${lines.join("\n")}\n` })),
    { path: "etc/stands-for", content: `${name}\n` },
    { path: "etc/os-release", content: "ID=test\n" },
    { path: "etc/nsswitch.conf", content: "hosts: files dns\n" },
    ...[...directories, ...variable].map((path): TarEntry => ({ path, type: "directory", mode: 0o755 })),
    { path: "usr/bin/env", type: "symlink", target: "/bin/busybox" },
    ...[...new Set(shell.flatMap(({ path }) => parentsOf(`/${path}`)))].map(
      (path): TarEntry => ({ path, type: "directory", mode: 0o755 }),
    ),
    ...shell,
  ];
}

/** Returns the directories above a file, without a slash at their start, the outermost first. */
function parentsOf(file: string): string[] {
  const parent = dirname(file);
  return parent === "/" ? [] : [...parentsOf(parent), parent.slice(1)];
}
