import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { printed } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { hasRanges, programUnavailable } from "#test/support/user.ts";
import manifest from "../../package.json" with { type: "json" };

const image = `tbox/tbox:${manifest.version}`;
const obstacle = programUnavailable ?? (hasRanges ? undefined : "the user has no subordinate ids");

daemonSuite(
  "the image of tbox",
  {
    obstacle,
    async prepare(daemon) {
      using directory = temporaryDirectory("image");
      const command = ["scripts/package", "--from", "dist", "--out", directory.path, "image"];
      const environment = {
        PATH: process.env.PATH ?? "",
        TMPDIR: directory.path,
        TBOX_LEVEL: "1",
        TBOX_LICENCES: `${repository}/LICENSE`,
      };
      await printed(command, { cwd: repository, environment });
      const archive = `tbox-${manifest.version}-linux-${process.arch}.oci.tar`;
      await daemon.printed("load", "-i", `${directory.path}/${archive}`);
    },
  },
  (daemon) => {
    test("runs containers on the default network inside a privileged container", async () => {
      const shown = await daemon.printed("run", "--rm", "--privileged", image, "run", "--rm", "hello");
      expect(shown).toContain("Hello from tbox");
      expect(shown).toMatch(/uid {2}0 → 1000\n/);
    });

    test("finds the subordinate ids of its user", async () => {
      const { stdout } = await daemon.tbox(["run", "--rm", "--privileged", image, "doctor", "--host"]);
      expect(stdout).toContain("subordinate ids: tbox has 64535 uids");
    });

    test("says what an unprivileged container lacks", async () => {
      const { code, stderr } = await daemon.tbox(["run", "--rm", image, "run", "--rm", "hello"]);
      expect(code).toBe(125);
      expect(stderr).toContain("inside a container, allow unshare");
    });
  },
);
