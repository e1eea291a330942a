import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { repository } from "#test/support/repository.ts";
import { circlesOf } from "./cycles.ts";
import {
  crates,
  fixedOutgoingPort,
  folders,
  foldersOfRooms,
  mostFiles,
  mostLines,
  packages,
} from "./rules.ts";
import { moduleGraph } from "./rust-modules.ts";
import { importGraph, importsOf } from "./typescript-imports.ts";

const sources = [...new Bun.Glob("**/*.ts").scanSync(`${repository}/src`)].toSorted();
const shipped = sources.filter((path) => !path.endsWith(".test.ts"));
const scripts = ["test", "bench"].flatMap((folder) =>
  [...new Bun.Glob("**/*.ts").scanSync(`${repository}/${folder}`)].map((path) => `${folder}/${path}`),
);
const typescript = [...sources.map((path) => `src/${path}`), ...scripts];
const rust = [...new Bun.Glob("native/crates/**/*.rs").scanSync(repository)].toSorted();

describe.each(shipped)("src/%s", (path) => {
  test("imports only what its folder may import", async () => {
    const imports = await importsOf(`${repository}/src/${path}`);
    expect(imports.flatMap((name) => faultOf(path, name) ?? [])).toEqual([]);
  });
});

/** A text that says why a file may not import a name, or nothing. */
function faultOf(path: string, name: string): string | undefined {
  const folder = path === "main.ts" ? undefined : (path.split("/")[0] ?? "");
  const allowed = folder === undefined ? ["cli", "daemon", "launcher"] : [folder, ...(folders[folder] ?? [])];
  if (name.startsWith("#")) {
    const target = name.slice(1).split("/")[0] ?? "";
    if (!name.endsWith(".ts")) return `${name} has no extension`;
    if (target === folder) return `${name} is in the same folder: import it relatively`;
    return allowed.includes(target) ? undefined : `${name} is out of bounds`;
  }
  if (name.startsWith(".")) {
    const target = join(dirname(path), name);
    if (target === "../package.json") return undefined;
    return name.endsWith(".ts") && target.startsWith(`${folder}/`) ? undefined : `${name} leaves its folder`;
  }
  if (/^(node|bun):/.test(name)) return undefined;
  const rule = Object.hasOwn(packages, name) ? packages[name] : undefined;
  return rule?.(path) ? undefined : `the package ${name} is not allowed here`;
}

describe("folders", () => {
  test("are all in the table", () => {
    const found = new Set(sources.map((path) => path.split("/")[0]).filter((name) => name !== "main.ts"));
    expect([...found].filter((name) => name === undefined || !Object.hasOwn(folders, name))).toEqual([]);
  });

  test("have a README when they are large, or are rooms of a large folder", () => {
    const all = [...new Set(shipped.map((path) => dirname(path)))].filter((folder) => folder !== ".");
    const rooms = foldersOfRooms.flatMap((folder) =>
      readdirSync(`${repository}/src/${folder}`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${folder}/${entry.name}`),
    );
    const large = all.filter(
      (folder) => shipped.filter((path) => dirname(path) === folder).length > mostFiles,
    );
    const wanted = new Set([...foldersOfRooms, ...rooms, ...large]);
    expect([...wanted].filter((folder) => !existsSync(`${repository}/src/${folder}/README.md`))).toEqual([]);
  });
});

describe("import circles", () => {
  test("do not exist between files of src", async () => {
    expect(circlesOf(await importGraph(shipped))).toEqual([]);
  });

  test.each(Object.keys(crates))("do not exist between files of the crate %s", async (crate) => {
    expect(circlesOf(await moduleGraph(crate))).toEqual([]);
  });

  test("are found where they exist", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", ["a"]],
      ["d", []],
    ]);
    expect(circlesOf(graph)).toEqual([["a", "b", "c"]]);
  });
});

describe("files", () => {
  test(`have at most ${mostLines} lines`, async () => {
    // A generated table may be long, because it is only looked up.
    const isLong = (text: string) =>
      !text.startsWith("// Generated") && text.split("\n").length > mostLines + 1;
    const long = await filter([...typescript, ...rust], isLong);
    expect(long).toEqual([]);
  });

  test("of tests name no port that the kernel gives to outgoing connections", async () => {
    const tests = typescript.filter((path) => path.startsWith("test/") || path.endsWith(".test.ts"));
    const found = await filter(
      tests.filter((path) => path !== "test/architecture/architecture.test.ts"),
      (text) => fixedOutgoingPort.test(text.replaceAll(/(?<=\d)_(?=\d)/g, "")),
    );
    expect(found).toEqual([]);
    for (const text of ["-p 48123:80", "127.0.0.1:38210-38212:80", "port: 50080", "publish=60999"]) {
      expect(fixedOutgoingPort.test(text)).toBe(true);
    }
    expect(fixedOutgoingPort.test("21000:80 61000:80 65534:65534 50000 100000")).toBe(false);
  });

  test("have kebab-case names, and none is an index", () => {
    const names = typescript.map((path) => basename(path));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name) => name === "index.ts")).toEqual([]);
  });

  test("re-export nothing and have no default export", async () => {
    const found = await filter(typescript, (text) => /^export (\*|(type )?{[^}]*} from|default)/m.test(text));
    expect(found).toEqual([]);
  });

  async function filter(paths: string[], matches: (text: string) => boolean): Promise<string[]> {
    const texts = await Promise.all(paths.map((path) => Bun.file(`${repository}/${path}`).text()));
    return paths.filter((_, index) => matches(texts[index] ?? ""));
  }
});

test("functions of src have at most 60 lines", () => {
  const rule = "--only=complexity/noExcessiveLinesPerFunction";
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    ["node_modules/.bin/biome", "lint", rule, "--reporter=github", "src"],
    { cwd: repository, stdout: "pipe", stderr: "pipe" },
  );
  const found = stdout.toString().match(/file=[^,]*,line=\d+/g) ?? [];
  expect(found.filter((place) => !place.includes(".test.ts"))).toEqual([]);
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
}, 60_000);

describe.each(Object.entries(crates))("the crate %s", (crate, allowed) => {
  test("uses only the crates it may use", async () => {
    const manifest: unknown = Bun.TOML.parse(
      await Bun.file(`${repository}/native/crates/${crate}/Cargo.toml`).text(),
    );
    const used = dependenciesOf(manifest).filter((name) => Object.hasOwn(crates, name));
    expect(used.filter((name) => !allowed.includes(name))).toEqual([]);
  });
});

test("every crate is in the table", () => {
  const found = [...new Bun.Glob("*/Cargo.toml").scanSync(`${repository}/native/crates`)].map(dirname);
  expect(found.filter((name) => !Object.hasOwn(crates, name))).toEqual([]);
});

function dependenciesOf(manifest: unknown): string[] {
  if (typeof manifest !== "object" || manifest === null || !("dependencies" in manifest)) return [];
  const { dependencies } = manifest;
  return typeof dependencies === "object" && dependencies !== null ? Object.keys(dependencies) : [];
}
