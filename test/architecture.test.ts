import { describe, expect, test } from "bun:test";
import { basename, dirname, join } from "node:path";
import { repository } from "#test/support/repository.ts";

/** What a folder of `src` may import besides itself and the words. */
const words = ["oci", "support"];
const folders: Record<string, string[]> = {
  support: [],
  oci: ["support"],
  content: words,
  registry: words,
  native: words,
  layers: [...words, "native"],
  images: [...words, "content", "registry", "layers"],
  network: [...words, "native"],
  volumes: words,
  containers: [...words, "native", "layers", "network", "images", "volumes"],
  builds: [...words, "content", "layers", "images", "containers"],
  api: words,
  client: [...words, "api"],
  cli: [...words, "api", "client"],
  engine: [
    ...words,
    "content",
    "registry",
    "native",
    "layers",
    "network",
    "images",
    "volumes",
    "containers",
    "builds",
  ],
  daemon: [...words, "api", "engine", "images", "volumes", "containers", "builds"],
};

/** Packages that only some folders may use. */
const packages: Record<string, (path: string) => boolean> = {
  elysia: (path) => path.startsWith("daemon/"),
  "@elysiajs/openapi/openapi": (path) => path === "daemon/openapi.ts",
  ws: (path) => path.startsWith("daemon/"),
  socks: (path) => path.startsWith("registry/connection/"),
  tldts: (path) => path.startsWith("registry/access/"),
  "tar-stream": (path) => /^(images|cli\/archives)\//.test(path),
  zod: (path) =>
    /^(api|oci|registry|cli)\//.test(path) ||
    path.startsWith("native/protocol/") ||
    path === "engine/config-file.ts",
};

/** What a crate may use of the others. */
const crates: Record<string, string[]> = {
  sys: [],
  protocol: [],
  hello: [],
  walk: [],
  addon: ["sys"],
  layers: ["sys", "protocol", "walk"],
  sandbox: ["sys", "protocol", "walk"],
  "id-mapping": ["protocol"],
  network: ["sys", "protocol"],
  helper: ["sys", "protocol", "id-mapping", "layers", "network", "sandbox"],
};

const sources = [...new Bun.Glob("**/*.ts").scanSync(`${repository}/src`)].toSorted();
const tests = [...new Bun.Glob("**/*.ts").scanSync(`${repository}/test`)].toSorted();
const shipped = sources.filter((path) => !path.endsWith(".test.ts"));

test("every folder is in the table", () => {
  const found = new Set(sources.map((path) => path.split("/")[0]).filter((name) => name !== "main.ts"));
  expect([...found].filter((name) => name === undefined || !Object.hasOwn(folders, name))).toEqual([]);
});

describe.each(shipped)("src/%s", (path) => {
  test("imports only what its folder may", async () => {
    const imports = await importsOf(`${repository}/src/${path}`);
    expect(imports.flatMap((name) => faultOf(path, name) ?? [])).toEqual([]);
  });
});

/** What is wrong with an import; nothing if it may be. */
function faultOf(path: string, name: string): string | undefined {
  const folder = path === "main.ts" ? undefined : (path.split("/")[0] ?? "");
  const allowed = folder === undefined ? ["cli", "daemon"] : [folder, ...(folders[folder] ?? [])];
  if (name.startsWith("#")) {
    const target = name.slice(1).split("/")[0] ?? "";
    if (!name.endsWith(".ts")) return `${name} has no extension`;
    if (target === folder) return `${name} is in the same folder`;
    return allowed.includes(target) ? undefined : `${name} is out of bounds`;
  }
  if (name.startsWith(".")) {
    const target = join(dirname(path), name);
    if (target === "../package.json") return undefined;
    return name.endsWith(".ts") && target.startsWith(`${folder}/`) ? undefined : `${name} leaves its folder`;
  }
  if (/^(node|bun):/.test(name)) return undefined;
  const rule = Object.hasOwn(packages, name) ? packages[name] : undefined;
  return rule?.(path) ? undefined : `${name} is no package of this folder`;
}

/** Everything that a file imports or re-exports, types too. */
async function importsOf(path: string): Promise<string[]> {
  const text = await Bun.file(path).text();
  const transpiler = new Bun.Transpiler({
    loader: "ts",
    trimUnusedImports: false,
    tsconfig: JSON.stringify({ compilerOptions: { verbatimModuleSyntax: true } }),
  });
  // The scanner leaves out imports of types, so they are made imports of values for it.
  const values = text
    .replace(/^(import|export) type (?=[{*])|^(import) type (?=\w)/gm, "$1$2 ")
    .replace(/^(import|export) {[^}]*} from/gm, (statement) => statement.replace(/\btype (?=\w)/g, ""));
  return transpiler.scanImports(values).map((found) => found.path);
}

describe("files", () => {
  test("have at most 400 lines", async () => {
    const long = await filter(async (text) => text.split("\n").length > 401);
    expect(long).toEqual([]);
  });

  test("have kebab-case names, and none is an index", () => {
    const names = [...sources, ...tests].map((path) => basename(path));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name) => name === "index.ts")).toEqual([]);
  });

  test("re-export nothing and have no default export", async () => {
    const found = await filter(async (text) => /^export (\*|(type )?{[^}]*} from|default)/m.test(text));
    expect(found).toEqual([]);
  });

  async function filter(matches: (text: string) => Promise<boolean>): Promise<string[]> {
    const paths = [...sources.map((path) => `src/${path}`), ...tests.map((path) => `test/${path}`)];
    const results = await Promise.all(
      paths.map(async (path) =>
        (await matches(await Bun.file(`${repository}/${path}`).text())) ? path : "",
      ),
    );
    return results.filter((path) => path !== "");
  }
});

describe.each(Object.entries(crates))("the crate %s", (crate, allowed) => {
  test("uses only the crates it may", async () => {
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
