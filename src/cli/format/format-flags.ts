import { text } from "../flags/kinds.ts";

/** The flag `--format` of commands that print a table. */
export const listFormatFlag = text(
  "Format output using a template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'",
);

/** The flag `--format` of commands that print an object. */
export const objectFormatFlag = text("Format output using a template: 'json' or 'TEMPLATE'", { short: "f" });
