import { Format, type GenericFormatter, SingleBar } from "cli-progress";
import { describeProgress, formatPercent } from "./describe-progress.ts";
import type { Measurement } from "./meter.ts";

const BAR_COLUMNS = 30;
const LEAST_BAR_COLUMNS = 8;
const MOST_PER_SECOND = 10;
const ALL = 1;

/** One line on a terminal, redrawn in place and erased when it is stopped. */
export class ProgressBar {
  readonly #bar: SingleBar;

  /**
   * @param write writes synchronously
   * @param columns the width of the terminal, if known
   */
  constructor(write: (text: string) => void, columns: () => number | undefined) {
    this.#bar = new SingleBar({
      stream: imitateTerminal(write, columns),
      fps: MOST_PER_SECOND,
      format: format as GenericFormatter,
      barCompleteChar: "=",
      barIncompleteChar: "-",
      clearOnComplete: true,
      // Neither changes the state of the terminal, however the process ends.
      linewrap: true,
      hideCursor: false,
      gracefulExit: false,
    });
  }

  show(measured: Measurement): void {
    if (this.#bar.isActive) this.#bar.update(measured.fraction ?? 0, { measured });
    else this.#bar.start(ALL, measured.fraction ?? 0, { measured });
  }

  stop(): void {
    if (this.#bar.isActive) this.#bar.stop();
  }
}

function format(
  options: Parameters<GenericFormatter>[0],
  { progress, maxWidth }: Parameters<GenericFormatter>[1],
  { measured }: { readonly measured: Measurement },
): string {
  const text = describeProgress(measured);
  const percent = formatPercent(measured);
  const start = measured.phase.name;
  if (percent === undefined) return `${start} ${text}`;
  const rest = ` ${percent.padStart(4)} ${text}`;
  // For two brackets, the space before them, and the last column, where some terminals wrap.
  const room = maxWidth - start.length - rest.length - 4;
  const barsize = Math.min(BAR_COLUMNS, room);
  if (barsize < LEAST_BAR_COLUMNS) return `${start}${rest}`;
  return `${start} [${Format.BarFormat(progress, { ...options, barsize })}]${rest}`;
}

/** What the library uses of a stream; loading `process.stderr` would slow every start. */
function imitateTerminal(
  write: (text: string) => void,
  columns: () => number | undefined,
): NodeJS.WritableStream {
  const stream = {
    isTTY: true,
    get columns() {
      return columns();
    },
    write: (text: string): boolean => {
      write(text);
      return true;
    },
  };
  return stream as unknown as NodeJS.WritableStream;
}
