import { expect, test } from "bun:test";
import { parseBind } from "./volume.ts";

test.each([
  ["/a:/b", "/a:/b"],
  ["/a:/b:ro", "/a:/b:ro"],
  ["./a:/b", "/here/a:/b"],
  [".:/b", "/here:/b"],
  ["../a:/b", "/here/../a:/b"],
  ["data:/b:ro", "data:/b:ro"],
])("%s", (text, bind) => expect(parseBind(text, "/here")).toBe(bind));

test.each([
  ["/a:b", "the target must be an absolute path"],
  ["/a:/", "the target may not be '/'"],
  ["/a:/b:ro:x", "it must be source:target[:options]"],
  ["data:b", "the target must be an absolute path"],
])("refuses %s", (text, message) => expect(() => parseBind(text, "/here")).toThrow(message));
