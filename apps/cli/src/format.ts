/** 1536 -> `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ''}`;
}

/** 3725 -> `1:02:05`, 65 -> `1:05`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${String(hours)}:${two(minutes)}:${two(rest)}` : `${String(minutes)}:${two(rest)}`;
}

/** `about 1:05 left`, or nothing while it is not known. */
export function formatEta(seconds: number | null): string {
  return seconds === null ? '' : `, about ${formatSeconds(seconds)} left`;
}

/** Columns as wide as their widest cell. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An error's details as one line each: what is wrong with which field, what to do about which issue. */
export function formatDetails(details: Record<string, unknown>): string[] {
  return Object.entries(details).map(([name, value]) => `${name}: ${formatDetail(value)}`);
}

function formatDetail(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatDetail).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  // An issue says itself what to do.
  if ('fix' in value && typeof value.fix === 'string') return value.fix;
  return JSON.stringify(value);
}
