// The reaper that Testcontainers expects, run by bun in a container: it answers each line of filters that arrives over TCP;
// when the last connection has closed, what they match is removed through the engine's socket.
import { createServer } from "node:net";

const filters = new Set();
let clients = 0;

const engine = (method, path) => fetch(`http://docker${path}`, { method, unix: "/var/run/docker.sock" });

async function matching(path, line) {
  const labels = new URLSearchParams(line).getAll("label");
  const query = encodeURIComponent(JSON.stringify({ label: labels }));
  return (await engine("GET", `${path}${path.includes("?") ? "&" : "?"}filters=${query}`)).json();
}

async function reap() {
  for (const line of filters) {
    for (const { Id, Labels } of await matching("/containers/json?all=1", line)) {
      // The engine removes the reaper itself when it has ended.
      if (Labels["org.testcontainers.ryuk"] !== "true")
        await engine("DELETE", `/containers/${Id}?force=1&v=1`);
    }
    for (const { Id } of await matching("/networks", line)) await engine("DELETE", `/networks/${Id}`);
    for (const { Name } of (await matching("/volumes", line)).Volumes ?? []) {
      await engine("DELETE", `/volumes/${Name}`);
    }
    for (const { Id } of await matching("/images/json", line))
      await engine("DELETE", `/images/${Id}?force=1`);
  }
  process.exit(0);
}

const server = createServer((socket) => {
  clients++;
  let rest = "";
  socket.on("data", (bytes) => {
    const lines = (rest + bytes).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      filters.add(line.trim());
      socket.write("ACK\n");
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    if (--clients === 0) void reap();
  });
});
server.listen(8080, "0.0.0.0", () => console.log("Started"));
