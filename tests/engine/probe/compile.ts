import {
  compileLightly,
  compileMethodsLightly,
  markLightFunctions,
} from "../../../src/base/compile-lightly.ts";

/** Small enough and long enough at work for any compiler there is. */
function addUp(count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum = (sum * 31 + index) | 0;
  return sum;
}

class Adder {
  addUp(count: number): number {
    let sum = 0;
    for (let index = 0; index < count; index++) sum = (sum * 33 + index) | 0;
    return sum;
  }
}

const ROUNDS = 200_000;

/** Gets a function and a method hot; with `light`, as btdt does with those that run once for each file. */
export function compileHot(isLight: boolean): number {
  // The two would otherwise be compiled as parts of it.
  compileLightly(repeat);
  if (isLight) {
    compileLightly(addUp);
    compileMethodsLightly(Adder);
  }
  markLightFunctions();
  return repeat(new Adder());
}

function repeat(adder: Adder): number {
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) sum ^= addUp(200) ^ adder.addUp(200);
  return sum;
}
