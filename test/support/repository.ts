import { resolve } from "node:path";

/** The root of the source tree. */
export const repository = resolve(import.meta.dirname, "../..");
