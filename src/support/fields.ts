/** Splits comma-separated fields; a field with a comma is quoted as in CSV. */
export function splitFields(text: string): string[] {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    let field: string;
    if (text[at] === '"') {
      const quoted = /"((?:[^"]|"")*)"(?=,|$)/y;
      quoted.lastIndex = at;
      const match = quoted.exec(text);
      if (match === null) throw new Error("a quote is not closed");
      field = (match[1] ?? "").replaceAll('""', '"');
      at = quoted.lastIndex;
    } else {
      const comma = text.indexOf(",", at);
      field = text.slice(at, comma === -1 ? undefined : comma);
      at += field.length;
    }
    fields.push(field);
    if (at >= text.length) return fields;
    at++;
  }
}
