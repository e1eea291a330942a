import { connectDaemon } from "#client/daemon/connect.ts";
import { openOutput } from "../../output/byte-sink.ts";
import { command, exactly } from "../../registry/command.ts";

export const dialStdioCommand = command({
  name: "system dial-stdio",
  summary: "Proxy the stdio stream to the daemon connection",
  description:
    "Docker's and tbox's clients run this command through ssh to reach the daemon of another host.",
  synopsis: "",
  flags: {},
  arguments: exactly(0),
  async run() {
    const daemon = await connectDaemon();
    const send = async () => {
      for await (const bytes of Bun.stdin.stream()) await daemon.write(bytes);
      daemon.endWriting();
    };
    // The daemon closes its side last. The output also ends when the client disconnects.
    send().catch(() => daemon.close());
    const write = openOutput();
    for await (const bytes of daemon) await write("stdout", bytes);
    return 0;
  },
});
