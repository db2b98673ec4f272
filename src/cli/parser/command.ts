import type {
  CommandUnknownOpts,
  Argument as TypedArgument,
  Command as TypedCommand,
} from "@commander-js/extra-typings";
import { OptionDeclaration } from "./option.ts";

type Action = (...parameters: unknown[]) => void | Promise<void>;

/** A command as it is declared: what is used of commander's class, by the same names. See `option.ts`. */
export class CommandDeclaration {
  readonly options: OptionDeclaration[] = [];
  readonly arguments: ArgumentDeclaration[] = [];
  readonly aliases: string[] = [];
  readonly name: string;
  /** What follows the help. */
  helpText = "";
  about = { summary: "", description: "", usage: "" };
  run: Action = () => undefined;

  constructor(name: string) {
    this.name = name;
  }

  summary(text: string): this {
    this.about.summary = text;
    return this;
  }

  description(text: string): this {
    this.about.description = text;
    return this;
  }

  usage(text: string): this {
    this.about.usage = text;
    return this;
  }

  addHelpText(_position: "after", text: string): this {
    this.helpText += text;
    return this;
  }

  option(flags: string, description: string, defaultValue?: unknown): this {
    return this.addOption(new OptionDeclaration(flags, description).default(defaultValue));
  }

  addOption(option: OptionDeclaration): this {
    this.options.push(option);
    return this;
  }

  argument(flags: string, description: string): this {
    return this.addArgument(new ArgumentDeclaration(flags, description));
  }

  addArgument(argument: ArgumentDeclaration): this {
    this.arguments.push(argument);
    return this;
  }

  action(run: Action): this {
    this.run = run;
    return this;
  }
}

export class ArgumentDeclaration {
  readonly flags: string;
  readonly description: string;
  readonly required: boolean;
  /** Takes all that follow. */
  readonly variadic: boolean;
  argChoices: readonly string[] | undefined;

  constructor(flags: string, description: string) {
    this.flags = flags;
    this.description = description;
    this.required = flags.startsWith("<");
    this.variadic = flags.slice(0, -1).endsWith("...");
  }

  choices(values: readonly string[]): this {
    this.argChoices = values;
    return this;
  }
}

/** With the types of commander's classes, which know what a command's action gets. */
export const Command = CommandDeclaration as unknown as typeof TypedCommand;
export const Argument = ArgumentDeclaration as unknown as typeof TypedArgument;

/** The declaration that was built where commander's type is expected. */
export function declarationOf(command: CommandUnknownOpts): CommandDeclaration {
  const declared: unknown = command;
  if (declared instanceof CommandDeclaration) return declared;
  throw new TypeError("a command that was not declared by the class above");
}
