import { Help, type HelpConfiguration, type Option } from "@commander-js/extra-typings";

/** Hides the defaults of switches (off) and lists (empty), which go without saying. */
export const HELP_STYLE: HelpConfiguration = {
  /** Descriptions are wrapped on narrow terminals as well. */
  minWidthToWrap: 10,
  optionDescription(option: Option): string {
    const { defaultValue } = option;
    const saysNothing = defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);
    const described: Option = saysNothing
      ? Object.assign(Object.create(option), { defaultValue: undefined })
      : option;
    return new Help().optionDescription(described);
  },
};
