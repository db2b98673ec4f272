/** Blocks with commands after `$ ` and their output: both streams, as on a terminal. */
export interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

export function parseConsole(text: string): ShownCommand[] {
  const shown: { command: string; output: string }[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const last = shown.at(-1);
    if (line.startsWith("$ ")) shown.push({ command: line.slice(2), output: "" });
    else if (last === undefined) throw new Error(`a console block begins with output: ${line}`);
    else if (line.startsWith("> ") && last.output === "") last.command += `\n${line.slice(2)}`;
    else last.output += `${line}\n`;
  }
  return shown;
}

/** One script for all commands of a block, so that they share a shell; `outputsOf` splits its output. */
export function scriptOf(shown: readonly ShownCommand[]): string {
  const steps = shown.map(
    ({ command }) => `${command}\n__status=$?; printf '\\0%d\\0' $__status; (exit $__status)`,
  );
  return `exec 2>&1\n${steps.join("\n")}\ntrue`;
}

export function outputsOf(printed: string): { readonly output: string; readonly exitCode: number }[] {
  const parts = printed.split("\0");
  const outputs = [];
  for (let index = 0; index + 1 < parts.length; index += 2)
    outputs.push({ output: parts[index] ?? "", exitCode: Number(parts[index + 1]) });
  return outputs;
}

/** Replaces what differs from run to run: times, sizes, digests, dates. */
function normalized(output: string): string {
  return output
    .replaceAll(/\b[0-9a-f]{64}\b/g, "DIGEST")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/\d{4}-\d\d-\d\d( +\d\d:\d\d:\d\d)?/g, "DATE")
    .replaceAll(/\d{4}-W\d\d/g, "WEEK")
    .replaceAll(/\d+(\.\d+)? ?(B|[KMG]iB)\b/g, "SIZE")
    .replaceAll(/\d+(\.\d+)? ?(ms|s|min|h|d)\b/g, "DURATION")
    .replaceAll(/linux-(x64|arm64)/g, "linux-ARCH")
    .replaceAll(/ {2,}/g, "  ")
    .trimEnd();
}

/** Whether an output matches the page, where `…` stands for anything within a line. */
export function isAsShown(shown: string, actual: string): boolean {
  const parts = normalized(shown)
    .split("…")
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^\\n]*")}$`).test(normalized(actual));
}
