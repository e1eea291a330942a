import { ListCache } from "#support/list-cache.ts";
import { ObjectCache, timeless } from "#support/object-cache.ts";
import { ExitError } from "../output/exit.ts";
import type { Row } from "./cached-rows.ts";
import { alignBlocks, alignColumns, type Block, blockOf, type Line, lineOf } from "./table.ts";
import { compileTemplate } from "./template.ts";
import { goText } from "./template-values.ts";

/** The columns of a listing. */
export interface Listing {
  /** Headings by field name. */
  headings: Record<string, string>;
  /** Headings of fields that take an operand, as functions of the operand. */
  heading?: Record<string, (operand: string) => string>;
  /** Fields of the default table, in order. */
  columns: string[];
  /** Field that `--quiet` prints. */
  quiet: string;
}

/** Values of `--format` and `--quiet`. */
export interface ListingOptions {
  format?: string | undefined;
  quiet?: boolean;
}

/** Renders rows as the default table, as `table TEMPLATE`, as `json`, or with a template for every row. */
export function renderListing(
  listing: Listing,
  rows: readonly Row[],
  { format = "", quiet = false }: ListingOptions,
): string {
  if (quiet && (format === "" || format === "table")) {
    return rows.map((row) => `${row[listing.quiet]}\n`).join("");
  }
  if (format === "json") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  if (format === "" || format === "table") return renderColumns(listing, rows);
  const table = /^table\s+(.*)$/s.exec(format)?.[1];
  if (table !== undefined) return renderTable(listing, rows, expandEscapes(table));
  const template = compileFormat(expandEscapes(format));
  return rows.map((row) => `${template(row)}\n`).join("");
}

/** Compiles the template of `--format`. An invalid template ends the command with exit status 64. */
export function compileFormat(format: string): (value: unknown) => string {
  try {
    return compileTemplate(format);
  } catch (error) {
    throw new ExitError(error instanceof Error ? error.message : String(error), 64);
  }
}

const tables = new ObjectCache<readonly Row[], string>();
const blocks = new Map<string, ListCache<Row, Block>>();
const lines = new ObjectCache<Row, Line>();

/**
 * Renders the default table directly, because a template would be slow for thousands of rows. Caches the table of a list of
 * rows, the aligned text of parts of the list, and the line of a row.
 */
function renderColumns({ columns, headings }: Listing, rows: readonly Row[]): string {
  const now = Date.now();
  const line = (row: Row) =>
    lines.get(row, columns, now, () => timeless(lineOf(columns.map((column) => goText(row[column]))))).value;
  const texts = columns.map((column) => headings[column]);
  return tables.get(rows, [...columns, ...texts], now, () => {
    const parts = blocks.get(columns.join()) ?? new ListCache<Row, Block>();
    blocks.set(columns.join(), parts);
    const head = blockOf([line(headings)]);
    return timeless(alignBlocks([head, ...parts.get(rows, (part) => blockOf(part.map(line)))]));
  }).value;
}

function renderTable(listing: Listing, rows: readonly Row[], source: string): string {
  const template = compileFormat(source);
  const lines = [{ ...listing.headings, ...listing.heading }, ...rows].map((row) => template(row));
  return alignColumns(lines.map((line) => line.split("\t")));
}

/** Replaces `\t` and `\n`, which shells pass as two characters. */
function expandEscapes(format: string): string {
  return format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}
