import { expect, test } from "bun:test";
import { parseUlimit } from "./ulimit.ts";

test.each([
  ["nofile=10", { Name: "nofile", Soft: 10, Hard: 10 }],
  ["nofile=10:20", { Name: "nofile", Soft: 10, Hard: 20 }],
  ["core=0", { Name: "core", Soft: 0, Hard: 0 }],
  ["memlock=-1", { Name: "memlock", Soft: -1, Hard: -1 }],
  ["nproc=5:-1", { Name: "nproc", Soft: 5, Hard: -1 }],
])("%s", (text, limit) => expect(parseUlimit(text)).toEqual(limit));

test.each([
  ["foo", "invalid ulimit argument: foo"],
  ["foo=1", "invalid ulimit type: foo"],
  ["nofile=a", 'strconv.ParseInt: parsing "a": invalid syntax'],
  ["nofile=10:5", "ulimit soft limit must be less than or equal to hard limit: 10 > 5"],
  ["nofile=-1:5", "ulimit soft limit must be less than or equal to hard limit: -1 > 5"],
  ["nofile=1:2:3", "too many limit value arguments"],
])("refuses %s", (text, message) => expect(() => parseUlimit(text)).toThrow(message));
