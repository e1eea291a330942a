// A scenario of testcontainers-node's, run by node as its users run it. Prints one JSON object of what it saw, and
// leaves a container, a network and an image behind for the reaper.
import { GenericContainer, Network, Wait } from "testcontainers";

const [image] = process.argv.slice(2);
// Logs alone keep no process alive.
const alive = setInterval(() => {}, 1000);
const seen = {};

// a server, waited for in three ways, and what is in it
const server = await new GenericContainer(image)
  .withCommand(["sh", "-c", "echo serving; exec httpd -f -p 8080 -h /www"])
  .withCopyContentToContainer([{ content: "hello from a test\n", target: "/www/index.html", mode: 0o644 }])
  .withExposedPorts(8080)
  .withWaitStrategy(
    Wait.forAll([Wait.forLogMessage("serving"), Wait.forListeningPorts(), Wait.forHttp("/index.html", 8080)]),
  )
  .start();
const page = `http://${server.getHost()}:${server.getMappedPort(8080)}/index.html`;
seen.page = await (await fetch(page)).text();
const { output, exitCode } = await server.exec(["sh", "-c", "cat /www/index.html; exit 4"]);
seen.exec = { output, exitCode };
const log = await server.logs();
seen.log = await new Promise((resolve) => log.once("data", (line) => resolve(String(line).trim())));
log.destroy();
await server.restart();
seen.again = (await fetch(`http://${server.getHost()}:${server.getMappedPort(8080)}/index.html`)).status;
await server.stop();

// two containers on a user-defined network, by name
const network = await new Network().start();
const back = await new GenericContainer(image)
  .withCommand(["sh", "-c", "echo data > /tmp/data; exec httpd -f -p 80 -h /tmp"])
  .withNetwork(network)
  .withNetworkAliases("back")
  .withExposedPorts(80)
  .start();
const front = await new GenericContainer(image)
  .withCommand(["sleep", "1000"])
  .withNetwork(network)
  .withHealthCheck({ test: ["CMD-SHELL", "wget -q -O- http://back/data"], interval: 100, retries: 50 })
  .withWaitStrategy(Wait.forHealthCheck())
  .start();
seen.byName = (await front.exec(["wget", "-q", "-O-", "http://back/data"])).output;
seen.ownAddress = back.getIpAddress(network.getName()) !== "";
await front.stop();

// an image built from a Dockerfile
const built = await GenericContainer.fromDockerfile(import.meta.dirname)
  .withBuildArgs({ BASE: image })
  .build();
const started = await built.withCommand(["sleep", "1000"]).start();
seen.built = started.getLabels().by;

clearInterval(alive);
console.log(JSON.stringify(seen));
