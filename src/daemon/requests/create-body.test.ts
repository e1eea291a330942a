import { expect, test } from "bun:test";
import { parseCreateBody } from "./create-body.ts";

function parse(body: object, query: Record<string, string> = {}) {
  const headers = { "Content-Type": "application/json" };
  const request = new Request("http://docker", { method: "POST", headers, body: JSON.stringify(body) });
  return parseCreateBody(request, query);
}

test("a body with the options of an earlier one keeps its own image, command and environment", async () => {
  const body = (Image: string) => ({ Image, Cmd: [Image], Env: [`A=${Image}`], Tty: true });
  expect((await parse(body("one"))).value).toEqual(body("one"));
  expect((await parse(body("two"))).value).toEqual(body("two"));
});

test("each body and each query with an unknown name gets its warnings", async () => {
  const warnings = ['unknown query parameter "size" is ignored', 'unknown field "Colour" is ignored'];
  for (const Image of ["one", "two"]) {
    expect((await parse({ Image, Colour: "red" }, { size: "1" })).warnings).toEqual(warnings);
  }
  expect((await parse({ Image: "one", size: "1" }, { size: "1" })).warnings).toEqual([
    'unknown field "size" is ignored',
  ]);
});

test("an invalid body is refused each time, with the path of the field", async () => {
  for (let round = 0; round < 2; round++) {
    await expect(parse({ Image: "one", Tty: "yes" })).rejects.toMatchObject({ issues: [{ path: ["Tty"] }] });
  }
});
