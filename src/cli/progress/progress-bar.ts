import { Writable } from "node:stream";
import { Format, type GenericFormatter, SingleBar } from "cli-progress";
import { describeProgress, percentage } from "./describe-progress.ts";
import type { Measured } from "./meter.ts";

const BAR_COLUMNS = 30;
const LEAST_BAR_COLUMNS = 8;
const MOST_PER_SECOND = 10;
const ALL = 1;

/** One line on a terminal, without colours, redrawn in place and gone without a trace when it is stopped. */
export class ProgressBar {
  readonly #bar: SingleBar;

  /**
   * @param write must have written when it returns
   * @param columns how wide the terminal is, if that is known
   */
  constructor(write: (text: string) => void, columns: () => number | undefined) {
    this.#bar = new SingleBar({
      stream: new TerminalStream(write, columns),
      fps: MOST_PER_SECOND,
      format: format as GenericFormatter,
      barCompleteChar: "=",
      barIncompleteChar: "-",
      clearOnComplete: true,
      // These two leave the terminal as it is, whatever ends the process.
      linewrap: true,
      hideCursor: false,
      gracefulExit: false,
    });
  }

  show(measured: Measured): void {
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
  { measured }: { readonly measured: Measured },
): string {
  const text = describeProgress(measured);
  const percent = percentage(measured);
  const start = measured.phase.name;
  if (percent === undefined) return `${start} ${text}`;
  const rest = ` ${percent.padStart(4)} ${text}`;
  // Two brackets, the space before them, and the last column, where some terminals wrap.
  const room = maxWidth - start.length - rest.length - 4;
  const barsize = Math.min(BAR_COLUMNS, room);
  if (barsize < LEAST_BAR_COLUMNS) return `${start}${rest}`;
  return `${start} [${Format.BarFormat(progress, { ...options, barsize })}]${rest}`;
}

class TerminalStream extends Writable {
  readonly isTTY = true;
  readonly #write: (text: string) => void;
  readonly #columns: () => number | undefined;

  constructor(write: (text: string) => void, columns: () => number | undefined) {
    super({ decodeStrings: false });
    this.#write = write;
    this.#columns = columns;
  }

  get columns(): number | undefined {
    return this.#columns();
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.#write(chunk);
    done();
  }
}
