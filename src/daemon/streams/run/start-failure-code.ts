/** Returns the exit status of `docker run` for a start that failed. Docker's client derives it from the message too. */
export function startFailureCode(message: string): 125 | 126 | 127 {
  if (/executable file not found|no such file or directory|system cannot find the file/i.test(message)) {
    return 127;
  }
  return /permission denied|is a directory|exec format error/i.test(message) ? 126 : 125;
}
