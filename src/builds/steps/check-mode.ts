import { invalidArgument } from "#support/errors.ts";

const clause = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+$/;

/** Throws unless the text is a mode for `--chmod`: an octal number, or clauses like `u=rwX,go=rX`. */
export function checkMode(text: string): void {
  const octal = /^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777;
  if (text === "" || octal || text.split(",").every((part) => clause.test(part))) return;
  const rule = "it should be octal string and between 0 and 07777, or clauses like u=rwX,go=rX";
  throw invalidArgument(`invalid chmod parameter: '${text}'. ${rule}`);
}
