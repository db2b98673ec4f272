/**
 * What a person sees of everything written to a terminal: lines of text, without trailing empty ones. It knows what
 * btdt and its libraries write to redraw a line, and throws on anything else, so that a test does not overlook it.
 */
export function screenOf(transcript: string): string[] {
  const lines = [""];
  let [row, column] = [0, 0];
  let saved = { row, column };
  const put = (text: string): void => {
    const line = (lines[row] ?? "").padEnd(column);
    lines[row] = line.slice(0, column) + text + line.slice(column + text.length);
    column += text.length;
  };
  const visible = withVisibleEscapes(transcript);
  let end = 0;
  for (const match of visible.matchAll(/␛\[(\d*)([A-Za-z])|␛([78])|\r|\n|[^␛\r\n]+/g)) {
    if (match.index !== end) throw new Error(`a control sequence that is not known at ${end}`);
    end = match.index + match[0].length;
    const [text, number, letter, cursor] = match;
    if (text === "\r") column = 0;
    else if (text === "\n") {
      row += 1;
      lines[row] ??= "";
    } else if (cursor === "7") saved = { row, column };
    else if (cursor === "8") ({ row, column } = saved);
    else if (letter === "G") column = Number(number || "1") - 1;
    else if (letter === "K") {
      lines[row] = number === "2" ? "" : (lines[row] ?? "").slice(0, column);
    } else if (letter === "m") continue;
    else if (letter !== undefined)
      throw new Error(`the control sequence ${JSON.stringify(text)} is not known`);
    else put(text);
  }
  if (end !== visible.length) throw new Error("an unfinished control sequence");
  return lines.join("\n").trimEnd().split("\n");
}

/** With a letter, ␛, for each escape character. */
export function withVisibleEscapes(transcript: string): string {
  return transcript.replaceAll("\u001b", "␛");
}
