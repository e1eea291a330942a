import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { ensurePrivateDirectory } from "./private-directory.ts";

const root = mkdtempSync(`${tmpdir()}/tbox-private-`);
const uid = process.getuid?.() ?? 0;
afterAll(() => rmSync(root, { recursive: true }));

function directory(name: string, mode: number): string {
  const path = `${root}/${name}`;
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test("a missing directory is created for its owner alone", () => {
  const path = `${root}/new/nested`;
  ensurePrivateDirectory({ path, uid, others: "none" });
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("read access of others is refused only if others may not read", () => {
  const path = directory("readable", 0o755);
  ensurePrivateDirectory({ path, uid, others: "read" });
  expect(() => ensurePrivateDirectory({ path, uid, others: "none" })).toThrow(
    `${path} is open to other users: run chmod 700 ${path}`,
  );
});

test("write access of others is always refused", () => {
  const path = directory("writable", 0o770);
  expect(() => ensurePrivateDirectory({ path, uid, others: "read" })).toThrow(
    `other users can write to ${path}: run chmod go-w ${path}`,
  );
});

test("a link and a foreign directory are refused", () => {
  const target = directory("target", 0o700);
  const path = `${root}/link`;
  symlinkSync(target, path);
  expect(() => ensurePrivateDirectory({ path, uid, others: "none" })).toThrow("is not a directory");
  const foreign = { path: target, uid: uid + 1, others: "none" } as const;
  expect(() => ensurePrivateDirectory(foreign)).toThrow(`belongs to user ${uid}, not to user ${uid + 1}`);
});
