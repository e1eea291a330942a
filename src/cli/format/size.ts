const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Formats bytes in powers of 1000 with the given number of significant digits, as Docker does: `1.23MB`. */
export function decimalSize(bytes: number, digits = 4): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** Formats bytes in powers of 1024: `7.653GiB`. */
export function binarySize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${names[unit]}`;
}
