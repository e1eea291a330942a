import { existsSync } from "node:fs";
import { dockerfiles } from "#test/dockerfiles/cases.ts";
import { startDaemon } from "#test/support/daemon.ts";
import { repository } from "#test/support/repository.ts";

/**
 * Builds and runs realistic Dockerfiles on a Debian image of a registry, with packages from Debian's mirror. Usage, as an
 * ordinary user: `bun test/judges/dockerfiles.ts IMAGE [NAME...]`
 */
const [image, ...names] = process.argv.slice(2);
if (image === undefined) {
  console.error("usage: bun test/judges/dockerfiles.ts IMAGE [NAME...]");
  process.exit(2);
}
const authorities = "/etc/ssl/certs/ca-certificates.crt";
const secrets = existsSync(authorities) ? ["--secret", `id=ca,src=${authorities}`] : [];
const wanted = dockerfiles.filter(({ name, base }) =>
  names.length > 0 ? names.includes(name) : base === "debian",
);
let failed = 0;
await using daemon = await startDaemon();
for (const { name, options, check } of wanted) {
  const begun = performance.now();
  const folder = `${repository}/test/dockerfiles/${name}`;
  const given = [...options, ...secrets, "--build-arg", `BASE=${image}`, "-t", `${name}:judged`];
  const built = await daemon.tbox(["build", "--progress=plain", ...given, folder]);
  const seconds = () => ((performance.now() - begun) / 1000).toFixed(1);
  try {
    if (built.code !== 0) throw new Error(built.stderr.slice(-4000));
    await check(daemon, `${name}:judged`);
    const again = await daemon.tbox(["build", "--progress=plain", ...given, folder]);
    if (/^#\d+ DONE/m.test(again.stderr)) throw new Error(`not all is cached:\n${again.stderr}`);
    console.log(`${name}: built, checked, cached, ${seconds()} s`);
  } catch (error) {
    failed++;
    console.log(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(`${wanted.length - failed} of ${wanted.length}`);
process.exitCode = failed === 0 ? 0 : 1;
