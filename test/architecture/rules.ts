/** The layers of `src`, from the bottom to the top, as `docs/architecture.md` shows them. */
const vocabulary = ["oci", "support"];

/** Folders of `src` and the other folders each may import. */
export const folders: Record<string, string[]> = {
  support: [],
  oci: ["support"],
  content: vocabulary,
  registry: vocabulary,
  native: vocabulary,
  layers: [...vocabulary, "native"],
  network: [...vocabulary, "native"],
  volumes: vocabulary,
  images: [...vocabulary, "content", "registry", "layers"],
  containers: [...vocabulary, "native", "layers", "network", "images", "volumes"],
  builds: [...vocabulary, "content", "layers", "images", "containers"],
  api: vocabulary,
  client: [...vocabulary, "native", "api"],
  bench: [...vocabulary, "api", "client"],
  cli: [...vocabulary, "api", "client", "bench"],
  engine: [
    ...vocabulary,
    ...["content", "registry", "native", "layers", "network", "images", "volumes", "containers", "builds"],
  ],
  buildkit: [...vocabulary, "images", "containers", "builds"],
  daemon: [
    ...vocabulary,
    "api",
    "engine",
    "buildkit",
    "network",
    "images",
    "volumes",
    "containers",
    "builds",
  ],
  launcher: [...vocabulary, "api", "client", "cli", "daemon"],
};

/** Packages that only some files may import. */
export const packages: Record<string, (path: string) => boolean> = {
  elysia: (path) => path.startsWith("daemon/"),
  "@elysiajs/openapi/openapi": (path) => path === "daemon/openapi.ts",
  "@bufbuild/protobuf/wire": (path) => path === "buildkit/protocol/schema.ts",
  ws: (path) => path.startsWith("daemon/"),
  "tar-stream": (path) => /^(images|cli\/archives|buildkit\/export)\//.test(path),
  tldts: (path) => path.startsWith("registry/access/"),
  "echarts/charts": (path) => path === "bench/report/charts.ts",
  "echarts/components": (path) => path === "bench/report/charts.ts",
  "echarts/core": (path) => path === "bench/report/charts.ts",
  "echarts/renderers": (path) => path === "bench/report/charts.ts",
  "simple-statistics": (path) => path.startsWith("bench/"),
  socks: (path) => path.startsWith("registry/connection/"),
  zod: (path) =>
    /^(api|bench|oci|registry|cli)\//.test(path) ||
    path.startsWith("native/protocol/") ||
    /^engine\/(config-file|latest-release)\.ts$/.test(path),
};

/** Crates of `native/crates` and the other crates each may use. */
export const crates: Record<string, string[]> = {
  sys: [],
  protocol: [],
  hello: [],
  launcher: [],
  walk: [],
  "id-mapping": ["protocol"],
  addon: ["sys", "protocol", "seccomp", "context"],
  context: ["protocol", "walk"],
  seccomp: ["sys"],
  layers: ["sys", "protocol", "walk"],
  sandbox: ["sys", "protocol", "seccomp", "walk"],
  network: ["sys", "protocol"],
  helper: ["sys", "protocol", "id-mapping", "layers", "network", "sandbox"],
};

/** Folders whose rooms have a README, however few files a room has. */
export const foldersOfRooms = [
  "bench",
  "buildkit",
  "builds",
  "cli",
  "containers",
  "daemon",
  "images",
  "native",
];

/** Maximum number of files of a folder without a README; tests do not count. */
export const mostFiles = 12;
/** Maximum number of lines of a source file, in TypeScript and in Rust. */
export const mostLines = 400;

/** Ports that Linux gives to outgoing connections, so that a test cannot rely on one: 32768 to 60999. */
const outgoingPort = "(?:3276[89]|327[7-9]\\d|32[89]\\d\\d|3[3-9]\\d{3}|[45]\\d{4}|60\\d{3})";
/** Such a port in an address, a publication or a field. */
export const fixedOutgoingPort = new RegExp(
  `(?::|port: ?"?|publish=)${outgoingPort}\\b|\\b${outgoingPort}(?:-\\d+)?:\\d`,
  "i",
);
