/** The part of Kubernetes' structural schemas that custom resources use. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
}

/** What is wrong with a value, strictly: a field that the schema does not know is a mistake, too. */
export function problemsOf(value: unknown, schema: Schema, path = ""): string[] {
  if (schema["x-kubernetes-int-or-string"] === true) {
    return typeof value === "string" || Number.isInteger(value) ? [] : [`${path}: neither integer nor text`];
  }
  if (schema.type !== undefined && !isOfType(value, schema.type))
    return [`${path}: not of type ${schema.type}`];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path}: not one of ${schema.enum.join(", ")}`];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((item, index) => problemsOf(item, items, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  const missing = (schema.required ?? []).filter((name) => !(name in fields));
  return [
    ...missing.map((name) => `${path}.${name}: missing`),
    ...Object.entries(fields).flatMap(([name, field]) =>
      problemsOfField(name, field, schema, `${path}.${name}`),
    ),
  ];
}

function problemsOfField(name: string, value: unknown, schema: Schema, path: string): string[] {
  const known = schema.properties?.[name] ?? schema.additionalProperties;
  if (typeof known === "object") return problemsOf(value, known, path);
  const isOpen = known === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  // An object without any description of its fields, such as metadata, is for others to check.
  return isOpen || schema.properties === undefined ? [] : [`${path}: unknown field`];
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
