import manifest from "../../package.json" with { type: "json" };

// The build replaces these names. They do not exist when the sources run.
declare const TBOX_COMMIT: string | undefined;
declare const TBOX_DATE: string | undefined;

/** Version of this program. */
export const version: string = manifest.version;

/** Commit of the sources, with `-dirty` when files differed from it; empty when unknown. */
export const commit: string = typeof TBOX_COMMIT === "string" ? TBOX_COMMIT : "";

/** Date of the commit, in ISO 8601, which makes builds repeatable; empty when unknown. */
export const buildDate: string = typeof TBOX_DATE === "string" ? TBOX_DATE : "";

/** Architecture of the machine, in Go's naming. */
export const architecture: string = { x64: "amd64", ia32: "386" }[String(process.arch)] ?? process.arch;
