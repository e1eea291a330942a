// Containers that Testcontainers starts once and reuses, and a Compose project of two services. Prints one JSON object of
// what it saw.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { DockerComposeEnvironment, GenericContainer, Wait } from "testcontainers";

const [image, withCompose] = process.argv.slice(2);
const seen = {};

const reused = () => new GenericContainer(image).withCommand(["sleep", "1000"]).withReuse();
const [first, second] = [await reused().start(), await reused().start()];
seen.reused = first.getId() === second.getId();
seen.other = (await reused().withEnvironment({ A: "b" }).start()).getId() !== first.getId();

if (withCompose === "compose") {
  const directory = mkdtempSync(`${tmpdir()}/compose-`);
  const services = {
    back: { image, command: ["sh", "-c", "echo data > /tmp/data; exec httpd -f -p 80 -h /tmp"] },
    front: { image, command: ["sleep", "1000"], depends_on: ["back"] },
  };
  services.back.ports = ["80"];
  writeFileSync(`${directory}/compose.json`, JSON.stringify({ services }));
  const project = await new DockerComposeEnvironment(directory, "compose.json")
    .withWaitStrategy("back-1", Wait.forListeningPorts())
    .up();
  const back = project.getContainer("back-1");
  const page = await fetch(`http://${back.getHost()}:${back.getMappedPort(80)}/data`);
  const inside = await project.getContainer("front-1").exec(["wget", "-q", "-O-", "http://back/data"]);
  seen.compose = { page: await page.text(), inside: inside.output };
  await project.down();
}
console.log(JSON.stringify(seen));
