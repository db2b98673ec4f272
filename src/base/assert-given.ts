import { BtdtError } from "./errors.ts";

/** An empty argument is mostly an unset variable. @param name what the help calls it @throws BtdtError USAGE */
export function assertGiven(text: string, name: string): void {
  if (text === "") throw new BtdtError("USAGE", `${name} is empty`, { hint: "is a variable in it unset?" });
}
