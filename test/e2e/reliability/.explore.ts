import { existsSync, lstatSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync, chmodSync } from "node:fs";
import { startDaemon } from "#test/support/daemon.ts";
import { loadBox } from "../support/images.ts";
import { processesNamed } from "#test/support/processes.ts";
await using daemon = await startDaemon();
await loadBox(daemon);
await daemon.printed("run", "--name", "kept", "-v", "data:/data", "box:1", "sh", "-c", "echo hello; echo x >/data/x");
await daemon.printed("network", "create", "net");
writeFileSync(`${daemon.run}/../Dockerfile`, "FROM box:1\nRUN echo x >/y\n");
await daemon.printed("build", "-q", "-t", "made", `${daemon.run}/..`, "-f", `${daemon.run}/../Dockerfile`).catch(e => console.log(String(e)));
await daemon.printed("run", "-d", "--name", "lasting", "--network", "net", "box:1", "sleep", "100000");
function files(root: string, below = ""): string[] {
  return readdirSync(`${root}/${below}`).flatMap((name) => {
    const path = below === "" ? name : `${below}/${name}`;
    if (/^(volumes|base|trash|build\/(work|contexts))\//.test(`${path}/`)) return [];
    if (/^containers\/[^/]+\/(upper|work|merged|rootfs)$/.test(path)) return [];
    if (/^layers\/sha256\/[^/]+\/./.test(path)) return [];
    try { if (lstatSync(`${root}/${path}`).isDirectory()) return files(root, path); } catch { return []; }
    return [path];
  });
}
const only = process.argv[2];
for (const root of [daemon.data, daemon.run]) {
  for (const path of files(root)) {
    if (only && !path.includes(only)) continue;
    const full = `${root}/${path}`;
    for (const kind of ["remove", "truncate", "garble"]) {
      await daemon.kill().catch(() => {});
      if (!existsSync(full)) { console.log(path, kind, "GONE"); await daemon.start().catch(e => console.log("  restart", String(e).slice(0, 300))); continue; }
      const st = lstatSync(full);
      if (kind !== "remove" && !st.isFile()) { await daemon.start(); continue; }
      const before = st.isFile() ? readFileSync(full) : undefined;
      let out = "";
      try {
        if (kind === "remove") rmSync(full);
        else if (kind === "truncate") truncateSync(full, Math.floor(st.size / 2));
        else { const b = Buffer.from(before ?? ""); for (let i = 0; i < b.length; i += 7) b[i] = (b[i] ?? 0) ^ 0x5a; writeFileSync(full, b.length ? b : Buffer.from("garbage")); }
        const t = Date.now();
        const child = Bun.spawn([`${process.cwd()}/dist/tbox`, "daemon", "--notify"], { env: daemon.environment, stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
        const line = await Promise.race([child.stdout.getReader().read().then(({ value }) => new TextDecoder().decode(value)), Bun.sleep(60000).then(() => "HANG")]);
        out += ` ${Date.now() - t} ms ${line.trim().slice(0, 400)}`;
        if (line.includes("ready")) {
          for (const args of [["ps", "-a", "--format", "{{.Names}} {{.Status}}"], ["images", "--format", "{{.Repository}}"], ["run", "--rm", "box:1", "echo", "ran"], ["run", "--rm", "made", "cat", "/y"], ["exec", "lasting", "echo", "in"], ["logs", "kept"], ["start", "-a", "kept"], ["network", "ls", "-q"], ["volume", "ls", "-q"], ["system", "df"], ["system", "check"]]) {
            const r = await Promise.race([daemon.tbox(args), Bun.sleep(60000).then(() => ({ code: -1, stdout: "", stderr: "HANG" }))]);
            if (r.code !== 0 || args[0] === "ps" && !/lasting Up/.test(r.stdout) || args[0]==="system" && args[1]==="check" && !r.stdout.includes("no damage")) out += `\n    ${args.join(" ").slice(0,40)}: ${r.code} ${r.stdout.trim().slice(0,250)} | ${r.stderr.trim().slice(0, 300)}`;
          }
          const z = processesNamed("tbox-zygote", daemon.run).length;
          if (z !== 1) out += `\n    ZYGOTES ${z}`;
        }
        child.kill("SIGKILL"); await child.exited;
        const err = await new Response(child.stderr).text();
        const warn = err.split("\n").filter(l => /warn|error/.test(l)).map(l => l.slice(25, 260)); if (warn.length) out += `\n    log: ${warn.slice(0,4).join("\n         ")}`;
      } catch (e) { out += ` EXC ${String(e).slice(0, 200)}`; }
      if (before) { try { rmSync(full, { force: true }); writeFileSync(full, before, { mode: st.mode & 0o777 }); } catch {} }
      console.log(`${path.replace(/[0-9a-f]{40,}/g, m => m.slice(0, 8))} ${kind}:${out}`);
      await daemon.start().catch(e => console.log("  RESTART", String(e).slice(0, 300)));
    }
  }
}
