import { BtdtError } from "../../src/base/errors.ts";

/** The expected failure that a promise ends in. */
export async function rejection(promise: Promise<unknown>): Promise<BtdtError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof BtdtError) return error;
    throw error;
  }
  throw new Error("it succeeded");
}
