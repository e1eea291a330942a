import manifest from "../../package.json" with { type: "json" };

/** Version of this program. */
export const version: string = manifest.version;

/** The machine's architecture by Go's name. */
export const architecture: string = { x64: "amd64", ia32: "386" }[String(process.arch)] ?? process.arch;

/** Minor versions of Docker's API 1.x that the daemon accepts. */
export const oldestMinor = 24;
export const newestMinor = 51;

/** Oldest and newest version of Docker's API. */
export const oldestVersion = `1.${oldestMinor}`;
export const newestVersion = `1.${newestMinor}`;
