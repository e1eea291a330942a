import manifest from "../../package.json" with { type: "json" };

/** Version of this program. */
export const version: string = manifest.version;

/** Architecture of the machine, in Go's naming. */
export const architecture: string = { x64: "amd64", ia32: "386" }[String(process.arch)] ?? process.arch;
