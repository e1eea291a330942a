/**
 * Returns the exit status of `docker run` for a start that failed: 127 for a missing program, 126 for a program that
 * cannot be executed, 125 for any other failure. Docker's client also derives the status from the message.
 */
export function startFailureCode(message: string): 125 | 126 | 127 {
  if (/executable file not found|no such file or directory|system cannot find the file/i.test(message)) {
    return 127;
  }
  return /permission denied|is a directory|exec format error/i.test(message) ? 126 : 125;
}
