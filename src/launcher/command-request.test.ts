import { describe, expect, test } from "bun:test";
import { parseCommandRequest } from "./command-request.ts";

function body(...texts: string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\0`).join(""));
}

const facts = ["1 2 3 4 5 6 ", "mnt:[1]", "user:[2]", "/here", "12"];

describe("a command request", () => {
  test("has arguments, which may be empty, and an environment", () => {
    const parsed = parseCommandRequest(
      body(...facts, "3", "tbox", "ps", "", "A=1", "EMPTY=", "B=x=y", "A=2"),
    );
    expect(parsed).toEqual({
      program: "1 2 3 4 5 6 ",
      mountNamespace: "mnt:[1]",
      userNamespace: "user:[2]",
      directory: "/here",
      terminals: "12",
      argv: ["ps", ""],
      environment: { A: "1", EMPTY: "", B: "x=y" },
    });
  });

  test("keeps variables that have the names of members of every object", () => {
    const { environment } = parseCommandRequest(
      body(...facts, "1", "tbox", "__proto__=a", "constructor=b", "__proto__=c"),
    );
    expect(Object.entries(environment)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test("may have no environment", () => {
    expect(parseCommandRequest(body(...facts, "1", "tbox"))).toMatchObject({ argv: [], environment: {} });
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["fewer arguments than announced", body(...facts, "3", "tbox", "ps")],
    ["no count", body(...facts, "x", "tbox")],
    ["a cut last text", body(...facts, "2", "tbox", "ps").subarray(0, -1)],
  ])("is refused with %s", (_, bytes) => {
    expect(() => parseCommandRequest(bytes)).toThrow("incomplete command line");
  });

  test("is refused with a text that is not UTF-8", () => {
    const bytes = Buffer.concat([body(...facts, "2", "tbox"), Buffer.from([0xff, 0])]);
    expect(() => parseCommandRequest(bytes)).toThrow();
  });
});
