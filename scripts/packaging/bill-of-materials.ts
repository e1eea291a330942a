import { createHash } from "node:crypto";
import { version } from "#support/version.ts";
import { type Component, listComponents } from "./components.ts";

/** Returns a CycloneDX document of a release. The same libraries and time give the same document. */
function billOfMaterials(components: Component[], seconds: number): object {
  const product = { type: "application", "bom-ref": `pkg:generic/tbox@${version}`, name: "tbox", version };
  const described = components.map(describe);
  const identity = createHash("sha256")
    .update(JSON.stringify([product, described]))
    .digest("hex");
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid(identity)}`,
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1000).toISOString().replace(".000Z", "Z"),
      component: { ...product, licenses: [{ expression: "Apache-2.0" }] },
    },
    components: described,
    dependencies: [{ ref: product["bom-ref"], dependsOn: described.map((one) => one["bom-ref"]) }],
  };
}

function describe({ ecosystem, name, version, licence, digest }: Component) {
  // In package URLs, the @ of a scope is escaped.
  const purl = `pkg:${ecosystem}/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    licenses: [licence === "NOASSERTION" ? { license: { name: licence } } : { expression: licence }],
    ...(digest === undefined ? {} : { hashes: [{ alg: digest.algorithm, content: digest.value }] }),
  };
}

/** Forms a UUID of version 8, whose bits are free to choose, from a hexadecimal digest. */
function uuid(digest: string): string {
  const text = `${digest.slice(0, 12)}8${digest.slice(13, 16)}8${digest.slice(17, 32)}`;
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const [target = "x86_64-unknown-linux-gnu"] = process.argv.slice(2);
const document = billOfMaterials(listComponents(target), Number(process.env.SOURCE_DATE_EPOCH));
process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
