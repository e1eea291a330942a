import { expect, test } from "bun:test";
import { repository } from "#test/support/repository.ts";
import { npmPackages } from "../../scripts/packaging/components.ts";

test("the bill of materials lists the libraries of the program with licence and digest, and no tools", () => {
  process.chdir(repository);
  const found = new Map(npmPackages().map((one) => [one.name, one]));
  for (const name of ["bun", "elysia", "tar-stream", "zod"]) {
    expect(found.get(name)).toMatchObject({ ecosystem: "npm", licence: expect.stringMatching(/^\w/) });
    expect(found.get(name)?.digest?.value).toMatch(/^[0-9a-f]{128}$/);
  }
  for (const tool of ["typescript", "knip", "dockerode"]) expect(found.has(tool)).toBe(false);
});
