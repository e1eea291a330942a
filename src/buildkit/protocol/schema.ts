import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A field of a message: its number and its encoding. */
export interface Field<Value> {
  number: number;
  initial(): Value;
  read(reader: BinaryReader, type: WireType, before: Value): Value;
  write(writer: BinaryWriter, value: Value): void;
}

type ValueOf<One> = One extends Field<infer Value> ? Value : never;
type ValuesOf<All> = { [Name in keyof All]: ValueOf<All[Name]> };

/** A message type. Decoded messages have every field; absent fields have the default value of proto3. */
export interface Message<Value> {
  decode(bytes: Uint8Array): Value;
  /** Encodes a message; absent fields have their default value. */
  encode(value: Partial<Value>): Uint8Array<ArrayBuffer>;
}

/** The decoded value of a message type. */
export type Decoded<Type> = Type extends Message<infer Value> ? Value : never;

/** Defines a message type by its fields. Unknown fields are skipped. */
export function message<All extends { [Name in keyof All]: Field<ValueOf<All[Name]>> }>(
  fields: All,
): Message<ValuesOf<All>> {
  const named = Object.entries(fields) as [string, Field<unknown>][];
  const numbered = new Map(named.map(([name, field]) => [field.number, { name, field }]));
  return {
    decode(bytes) {
      const values: Record<string, unknown> = {};
      for (const [name, field] of named) values[name] = field.initial();
      const reader = new BinaryReader(bytes);
      while (reader.pos < reader.len) {
        const [number, type] = reader.tag();
        const known = numbered.get(number);
        if (known) values[known.name] = known.field.read(reader, type, values[known.name]);
        else reader.skip(type, number);
      }
      // Every field was set to a value of its type above.
      return values as ValuesOf<All>;
    },
    encode(value) {
      const writer = new BinaryWriter();
      const given: Record<string, unknown> = value;
      for (const [name, field] of named) {
        if (given[name] !== undefined) field.write(writer, given[name]);
      }
      return new Uint8Array(writer.finish());
    },
  };
}

/** The encoding of one value, without a field number. */
interface Scalar<Value> {
  type: WireType;
  initial: Value;
  read(reader: BinaryReader): Value;
  write(writer: BinaryWriter, value: Value): void;
}

const textScalar: Scalar<string> = {
  type: WireType.LengthDelimited,
  initial: "",
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
};
const bytesScalar: Scalar<Uint8Array> = {
  type: WireType.LengthDelimited,
  initial: new Uint8Array(0),
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
};

function plain<Value>(scalar: Scalar<Value>, number: number): Field<Value> {
  return {
    number,
    initial: () => scalar.initial,
    read: (reader) => scalar.read(reader),
    write(writer, value) {
      if (value === scalar.initial) return;
      writer.tag(number, scalar.type);
      scalar.write(writer, value);
    },
  };
}

function repeated<Value>(scalar: Scalar<Value>, number: number): Field<Value[]> {
  return {
    number,
    initial: () => [],
    read(reader, _type, before) {
      before.push(scalar.read(reader));
      return before;
    },
    write(writer, values) {
      for (const value of values) {
        writer.tag(number, scalar.type);
        scalar.write(writer, value);
      }
    },
  };
}

export function text(number: number): Field<string> {
  return plain(textScalar, number);
}

export function texts(number: number): Field<string[]> {
  return repeated(textScalar, number);
}

export function bytes(number: number): Field<Uint8Array> {
  return plain(bytesScalar, number);
}

export function manyBytes(number: number): Field<Uint8Array[]> {
  return repeated(bytesScalar, number);
}

export function flag(number: number): Field<boolean> {
  const scalar: Scalar<boolean> = {
    type: WireType.Varint,
    initial: false,
    read: (reader) => reader.bool(),
    write: (writer, value) => writer.bool(value),
  };
  return plain(scalar, number);
}

/** Returns an integer of any width. Numbers beyond 2^53 lose precision; the protocol has sizes, times and identifiers only. */
export function integer(number: number): Field<number> {
  const scalar: Scalar<number> = {
    type: WireType.Varint,
    initial: 0,
    read: (reader) => Number(reader.int64()),
    write: (writer, value) => writer.int64(Math.trunc(value)),
  };
  return plain(scalar, number);
}

/** Returns a 64-bit integer without loss of precision. */
export function bigInteger(number: number): Field<bigint> {
  const scalar: Scalar<bigint> = {
    type: WireType.Varint,
    initial: 0n,
    read: (reader) => BigInt(reader.int64()),
    write: (writer, value) => writer.int64(value),
  };
  return plain(scalar, number);
}

/** Returns a message inside a message; undefined when absent. */
export function nested<Value>(type: Message<Value>, number: number): Field<Partial<Value> | undefined> {
  return {
    number,
    initial: () => undefined,
    read: (reader) => type.decode(reader.bytes()),
    write(writer, value) {
      if (value !== undefined) writer.tag(number, WireType.LengthDelimited).bytes(type.encode(value));
    },
  };
}

export function manyNested<Value>(type: Message<Value>, number: number): Field<Partial<Value>[]> {
  return {
    number,
    initial: () => [],
    read(reader, _type, before) {
      before.push(type.decode(reader.bytes()));
      return before;
    },
    write(writer, values) {
      for (const value of values) writer.tag(number, WireType.LengthDelimited).bytes(type.encode(value));
    },
  };
}

/** Returns a map with texts as keys. */
function mapOf<Value>(value: Field<Value>, number: number): Field<Map<string, Value>> {
  const entry = message({ key: text(1), value });
  return {
    number,
    initial: () => new Map(),
    read(reader, _type, before) {
      const one = entry.decode(reader.bytes());
      return before.set(one.key, one.value);
    },
    write(writer, values) {
      for (const [key, one] of values) {
        const encoded = entry.encode({ key, value: one } as Partial<Decoded<typeof entry>>);
        writer.tag(number, WireType.LengthDelimited).bytes(encoded);
      }
    },
  };
}

export function textMap(number: number): Field<Map<string, string>> {
  return mapOf(text(2), number);
}

export function bytesMap(number: number): Field<Map<string, Uint8Array>> {
  return mapOf(bytes(2), number);
}

export function nestedMap<Value>(
  type: Message<Value>,
  number: number,
): Field<Map<string, Partial<Value> | undefined>> {
  return mapOf(nested(type, 2), number);
}
