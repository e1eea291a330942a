import { runMain } from "#cli/run-main.ts";

const [first, second] = process.argv.slice(2);
// `run` is the fast path: the code of every other command loads on demand.
if (first === "run") {
  process.exit(await runMain(process.argv.slice(3)));
} else if (first === "daemon" && (second === undefined || (second.startsWith("-") && second !== "--help"))) {
  const { runDaemon } = await import("#daemon/main.ts");
  const { listenForLaunchers } = await import("#launcher/listen-for-launchers.ts");
  await runDaemon(process.argv.slice(3), listenForLaunchers);
} else {
  const { runCli } = await import("#cli/main.ts");
  process.exit(await runCli(process.argv.slice(2)));
}
