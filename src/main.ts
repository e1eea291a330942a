import { runCli } from "#cli/main.ts";

const [first, second] = process.argv.slice(2);
if (first === "daemon" && (second === undefined || (second.startsWith("-") && second !== "--help"))) {
  // Imported only when it is asked for: no other command is to pay for it.
  const { runDaemon } = await import("#daemon/main.ts");
  await runDaemon(process.argv.slice(3));
} else {
  process.exit(await runCli(process.argv.slice(2)));
}
