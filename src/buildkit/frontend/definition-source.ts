import { type Definition, operation } from "../protocol/definition.ts";

/** A source of files that a client's definition names. */
export interface DefinitionSource {
  identifier: string;
  attributes: Map<string, string>;
}

/** Scheme of the definitions that name an image of the store. */
const ownScheme = "tbox-image://";

/** Returns a definition that names an image of the store. Clients hand it back as the input of another build. */
export function definitionOfImage(id: string): Definition {
  const source = operation.encode({ source: { identifier: `${ownScheme}${id}`, attributes: new Map() } });
  const end = operation.encode({ inputs: [{ digest: digestOf(source), index: 0 }] });
  return { operations: [source, end], metadata: new Map([[digestOf(source), {}]]) };
}

/** Returns the image that a source of `definitionOfImage` names. */
export function imageOfSource({ identifier }: DefinitionSource): string | undefined {
  return identifier.startsWith(ownScheme) ? identifier.slice(ownScheme.length) : undefined;
}

/** Returns the source that is the result of a definition; undefined for any other result. */
export function sourceOfDefinition({ operations = [] }: Partial<Definition>): DefinitionSource | undefined {
  const last = operations.at(-1);
  if (last === undefined) return undefined;
  const wanted = operation.decode(last).inputs[0]?.digest;
  const found = operations.find((one) => digestOf(one) === wanted);
  const source = found && operation.decode(found).source;
  if (source?.identifier === undefined) return undefined;
  return { identifier: source.identifier, attributes: source.attributes ?? new Map() };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}
