/** Programs for containers that flood the addresses in TARGETS. Each prints "flooding" and never ends. */
export const floods = {
  /** Sends datagrams as fast as the kernel takes them: to the victim, its gateway, and the outside. */
  datagrams: `
  const targets = process.env.TARGETS.split(" ");
  const sockets = await Promise.all(targets.map((one) =>
    Bun.udpSocket({ hostname: one.includes(":") ? "::" : "0.0.0.0" })));
  const data = Buffer.alloc(1000);
  console.log("flooding");
  for (let count = 0; ; count++) {
    targets.forEach((target, index) => { try { sockets[index].send(data, 1 + count % 65535, target); } catch {} });
    if (count % 100 === 0) await new Promise((done) => setImmediate(done));
  }`,
  /** Opens connections without end, and keeps the last thousand. */
  connections: `
  const targets = process.env.TARGETS.split(" ");
  const kept = [];
  const socket = { data() {}, error() {}, connectError() {}, close() {}, open(one) { kept.push(one); } };
  console.log("flooding");
  for (let count = 0; ; count++) {
    for (const hostname of targets) {
      Bun.connect({ hostname, port: count % 2 ? 80 : 1 + count % 65535, socket }).catch(() => {});
    }
    while (kept.length > 1000) kept.shift().terminate();
    if (count % 20 === 0) await new Promise((done) => setImmediate(done));
  }`,
  /** Asks for names without end: of containers, of the outside, and with broken questions. */
  names: `
  const [resolver] = process.env.TARGETS.split(" ");
  const socket = await Bun.udpSocket({});
  const head = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const question = (name) => Buffer.concat([head, ...name.split(".").map((part) =>
    Buffer.concat([Buffer.of(part.length), Buffer.from(part)])), Buffer.from([0, 0, 1, 0, 1])]);
  console.log("flooding");
  for (let count = 0; ; count++) {
    const name = count % 2 ? "n" + count : "n" + count + ".invalid.example";
    for (const one of [question(name), Buffer.concat([head, Buffer.from([0xc0, 12])]), question("near")]) {
      try { socket.send(one, 53, resolver); } catch {}
    }
    if (count % 50 === 0) await new Promise((done) => setImmediate(done));
  }`,
  /** Uses one processor and no network. */
  processor: `console.log("flooding"); for (;;) {}`,
  /** Uses two processors and no network: at most as much as a flood and the network helper use together. */
  processors: `Bun.spawn([process.execPath, "-e", "for (;;) {}"]); console.log("flooding"); for (;;) {}`,
};

export type Flood = keyof typeof floods;
