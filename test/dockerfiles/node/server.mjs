import { createServer } from "node:http";
import ms from "ms";

createServer((_, response) => response.end(`node as ${process.env.NODE_ENV}: ${ms(172_800_000)}\n`)).listen(
  process.env.PORT,
);
