import { BuildError } from "./build-error.ts";

/**
 * The time of all files in what is built, so that the same sources give the same bytes.
 * @param sourceDateEpoch the variable SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/)
 * @throws BuildError
 */
export function buildTime(sourceDateEpoch: string | undefined, otherwise: Date): Date {
  if (sourceDateEpoch === undefined) return otherwise;
  if (!/^\d{1,11}$/.test(sourceDateEpoch))
    throw new BuildError(
      "usage",
      "",
      "SOURCE_DATE_EPOCH is not a number of seconds",
      "unset it or correct it",
    );
  return new Date(Number(sourceDateEpoch) * 1000);
}
