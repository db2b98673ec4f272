import type { Scenario } from "./scenario.ts";
import { crowdScenarios } from "./scenarios/crowd.ts";
import { ledgerScenarios } from "./scenarios/ledger.ts";
import { lookScenarios } from "./scenarios/look.ts";
import { restoreScenarios } from "./scenarios/restore.ts";
import { runScenarios } from "./scenarios/run.ts";
import { storeScenarios } from "./scenarios/store.ts";
import { upkeepScenarios } from "./scenarios/upkeep.ts";

/** What `npm test` has time for. */
export const scenarios: readonly Scenario[] = [
  ...storeScenarios,
  ...restoreScenarios,
  ...runScenarios,
  ...upkeepScenarios,
  ...ledgerScenarios,
  ...lookScenarios,
];

export const longScenarios: readonly Scenario[] = crowdScenarios;
