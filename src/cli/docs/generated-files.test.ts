import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { commandIndex } from "../registry/command-index.ts";
import { findCommands } from "./find-commands.ts";
import { committedFiles, manualPages } from "./generated-files.ts";

const root = `${import.meta.dir}/../../..`;
const commands = (await findCommands()).map(({ command }) => command);
const committed = await committedFiles();

describe("generated files", () => {
  test.each([...committed.keys()])("%s is up to date; otherwise run `npm run docs`", async (path) => {
    const file = Bun.file(`${root}/${path}`);
    expect((await file.exists()) ? await file.text() : "missing").toBe(committed.get(path) ?? "");
  });

  test("docs/cli has no pages of removed commands", () => {
    const names = readdirSync(`${root}/docs/cli`).map((name) => `docs/cli/${name}`);
    expect(names.filter((name) => !committed.has(name))).toEqual([]);
  });

  test("every command has a manual page with its flags", async () => {
    const page = (await manualPages()).get("dist/man/man1/tbox-run.1");
    expect(page).toContain("\\fB\\-d\\fR, \\fB\\-\\-detach\\fR");
    expect(page).toContain("tbox run \\-\\-rm \\-it debian:12 bash");
  });
});

describe("command definitions", () => {
  test("no two commands have the same name or alias", () => {
    const names = commandIndex.flatMap((entry) => [...entry.names]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(commands.map((command) => [command.name, command] as const))(
    "%s has a one-line summary, and its examples call it",
    (_, { name, aliases = [], summary, examples = [] }) => {
      expect(summary).toMatch(/^[A-Z][^\n]*[^.\s]$/);
      for (const { line, purpose } of examples) {
        expect(purpose).toMatch(/^[A-Z].*[^.:]$/);
        expect([name, ...aliases].some((one) => line.includes(`tbox ${one}`))).toBe(true);
      }
    },
  );
});
