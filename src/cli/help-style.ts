import { Help, type HelpConfiguration, type Option } from "@commander-js/extra-typings";

/** A switch is off and a list is empty unless they are given: nothing to be said about these defaults. */
export const HELP_STYLE: HelpConfiguration = {
  optionDescription(option: Option): string {
    const { defaultValue } = option;
    const saysNothing = defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);
    const described: Option = saysNothing
      ? Object.assign(Object.create(option), { defaultValue: undefined })
      : option;
    return new Help().optionDescription(described);
  },
};
