// Shows schemas, and makes examples from them.

/** Makes an element. Text is always set as text, never as markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

/** Follows `$ref` within the document; a reference that leads nowhere is an empty schema. */
export function resolve(spec, node) {
  for (let hops = 0; node && node.$ref && hops < 20; hops += 1) {
    const steps = node.$ref.replace(/^#\//, "").split("/");
    const unescape = (step) => decodeURIComponent(step).replace(/~1/g, "/").replace(/~0/g, "~");
    node = steps.map(unescape).reduce((at, step) => (at ? at[step] : undefined), spec) ?? {};
  }
  return node ?? {};
}

const refName = (schema) => (schema?.$ref ? schema.$ref.split("/").pop() : undefined);

/** The type of a schema in a few words: `string (uuid) | null`, `array of Asset`. */
export function typeOf(spec, schema) {
  if (!schema || schema === true) return "anything";
  if (schema.$ref) return refName(schema);
  for (const word of ["oneOf", "anyOf"]) {
    if (schema[word]) return schema[word].map((one) => typeOf(spec, one)).join(" | ");
  }
  if (schema.allOf) return schema.allOf.map((one) => typeOf(spec, one)).join(" & ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const types = [schema.type ?? (schema.properties ? "object" : "anything")].flat();
  return types
    .map((type) => {
      if (type === "array" && schema.items) return `array of ${typeOf(spec, schema.items)}`;
      if (type === "null" || type === "boolean") return type;
      return schema.format ? `${type} (${schema.format})` : type;
    })
    .join(" | ");
}

/** The bounds, default and allowed values of a schema in words. */
export function bounds(schema) {
  const parts = [];
  const say = (key, words) => schema[key] !== undefined && parts.push(`${words} ${schema[key]}`);
  say("minimum", "at least");
  say("maximum", "at most");
  say("exclusiveMinimum", "above");
  say("exclusiveMaximum", "below");
  say("minLength", "characters, at least");
  say("maxLength", "characters, at most");
  say("minItems", "items, at least");
  say("maxItems", "items, at most");
  say("pattern", "pattern");
  if (schema.enum) parts.push(`one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`);
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
  return parts.join("; ");
}

/** What lies inside of a schema: an object with properties, or the schemas of a choice. */
function inside(spec, schema) {
  const whole = resolve(spec, schema);
  if (whole.properties || whole.additionalProperties) return [whole];
  if (whole.items) return inside(spec, whole.items);
  const parts = whole.allOf ?? whole.oneOf ?? whole.anyOf ?? [];
  return parts.flatMap((part) => inside(spec, part));
}

/** The fields of a form, whatever the schema is put together from. */
export function fieldsOf(spec, schema) {
  const objects = inside(spec, schema);
  return Object.entries(Object.assign({}, ...objects.map((object) => object.properties ?? {})));
}

/** A schema as a tree; what lies deeper is built when it is opened. */
export function showSchema(spec, schema) {
  const whole = resolve(spec, schema);
  const top = make("div", {}, make("code", {}, typeOf(spec, schema)), " ");
  const said = [whole.description, bounds(whole)].filter(Boolean).join(" · ");
  if (said) top.append(make("span", { class: "soft" }, said));
  for (const object of inside(spec, schema)) top.append(showObject(spec, object));
  return top;
}

function showObject(spec, object) {
  const list = make("ul", { class: "schema" });
  for (const [name, property] of Object.entries(object.properties ?? {})) {
    list.append(showProperty(spec, name, property, (object.required ?? []).includes(name)));
  }
  if (object.additionalProperties && object.additionalProperties !== true) {
    list.append(showProperty(spec, "any other name", object.additionalProperties, false));
  }
  return list;
}

function showProperty(spec, name, property, required) {
  const whole = resolve(spec, property);
  const said = [property.description ?? whole.description, bounds(whole)].filter(Boolean).join(" · ");
  const line = [
    make("code", {}, name),
    " ",
    make("span", { class: "soft" }, typeOf(spec, property)),
    required ? make("span", { class: "required" }, " required") : "",
    said ? ` — ${said}` : "",
  ];
  const deeper = inside(spec, property);
  if (deeper.length === 0) return make("li", {}, ...line);
  const details = make("details", {}, make("summary", {}, ...line));
  const open = () => deeper.forEach((object) => details.append(showObject(spec, object)));
  details.addEventListener("toggle", open, { once: true });
  return make("li", {}, details);
}

/** A value that fits the schema: its own example where it has one. */
export function exampleOf(spec, schema, seen = []) {
  const whole = resolve(spec, schema);
  const name = refName(schema);
  if (seen.includes(name) && name) return null;
  const next = name ? [...seen, name] : seen;
  if (whole.example !== undefined) return whole.example;
  if (whole.examples?.length) return whole.examples[0];
  if (whole.default !== undefined && whole.default !== null) return whole.default;
  if (whole.const !== undefined) return whole.const;
  if (whole.enum) return whole.enum[0];
  if (whole.allOf) {
    return Object.assign({}, ...whole.allOf.map((part) => exampleOf(spec, part, next)));
  }
  const choice = (whole.oneOf ?? whole.anyOf)?.find((one) => one.type !== "null");
  if (choice) return exampleOf(spec, choice, next);
  const type = [whole.type ?? (whole.properties ? "object" : "null")].flat().find((one) => one !== "null");
  if (type === "array") return whole.items ? [exampleOf(spec, whole.items, next)] : [];
  if (type === "object") {
    const pairs = Object.entries(whole.properties ?? {});
    return Object.fromEntries(pairs.map(([key, value]) => [key, exampleOf(spec, value, next)]));
  }
  if (type === "integer" || type === "number") return whole.minimum ?? 0;
  if (type === "boolean") return false;
  if (type === "string") return exampleText(whole.format);
  return null;
}

function exampleText(format) {
  const known = {
    uuid: "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d",
    "date-time": "2026-01-15T10:30:00.000Z",
    date: "2026-01-15",
    email: "ada@example.com",
    uri: "https://example.com/picture.jpg",
  };
  return known[format] ?? "string";
}
