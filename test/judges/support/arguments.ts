/** Arguments of a judge: positions, and options of the form `--name=value`. */
export interface JudgeArguments {
  positions: string[];
  baseline?: string;
}

/** Reads the command line; ends the program with the usage when positions are missing. */
export function judgeArguments(usage: string, least: number): JudgeArguments {
  const prefix = "--baseline=";
  const given = process.argv.slice(2);
  const baseline = given.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
  const positions = given.filter((argument) => !argument.startsWith("--"));
  if (positions.length < least) {
    console.error(`usage: ${usage} [--baseline=FILE]`);
    process.exit(2);
  }
  return { positions, ...(baseline === undefined ? {} : { baseline }) };
}
