import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
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

test("a missing directory is created for its owner alone, whatever the umask", () => {
  const before = process.umask(0);
  const path = `${root}/new/nested`;
  ensurePrivateDirectory({ path, uid });
  process.umask(before);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("an empty directory and one with a known file are closed to other users", () => {
  for (const name of ["empty", "marked"]) {
    const path = directory(name, 0o777);
    if (name === "marked") writeFileSync(`${path}/tbox.db`, "");
    ensurePrivateDirectory({ path, uid, marks: ["tbox.db"] });
    expect(statSync(path).mode & 0o777).toBe(0o700);
  }
});

test.each([0o755, 0o770, 0o711])("a directory with other files and mode %o is refused", (mode) => {
  const path = directory(`foreign-${mode}`, mode);
  writeFileSync(`${path}/letter`, "");
  expect(() => ensurePrivateDirectory({ path, uid, marks: ["tbox.db"] })).toThrow(
    `${path} is open to other users: run chmod 700 ${path}`,
  );
  expect(statSync(path).mode & 0o777).toBe(mode);
});

test("a link, a file and a foreign directory are refused", () => {
  const target = directory("target", 0o700);
  symlinkSync(target, `${root}/link`);
  writeFileSync(`${root}/file`, "");
  expect(() => ensurePrivateDirectory({ path: `${root}/link`, uid })).toThrow("is not a directory");
  expect(() => ensurePrivateDirectory({ path: `${root}/file`, uid })).toThrow("create the directory");
  expect(() => ensurePrivateDirectory({ path: target, uid: uid + 1 })).toThrow(
    `belongs to user ${uid}, not to user ${uid + 1}`,
  );
});

test("a directory that another user could replace is refused", () => {
  const above = directory("above", 0o700);
  const path = `${above}/run`;
  mkdirSync(path, { mode: 0o700 });
  chmodSync(above, 0o777);
  expect(() => ensurePrivateDirectory({ path, uid })).toThrow(
    `other users can write to ${above} and replace ${path}: run chmod o-w ${above}`,
  );
  chmodSync(above, 0o1777);
  ensurePrivateDirectory({ path, uid });
});
