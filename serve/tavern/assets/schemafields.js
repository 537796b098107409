// Fields of a form from a JSON schema: text, whole numbers, switches and choices, each with what the schema says of it.

import { h, setAttr, setText } from "./dom.js";
import { integer } from "./format.js";

const LONG_TEXT = 5000;

// The part of a property that says what a value is: references followed, and null, which means left out, taken away.
function kindOf(property, schema) {
  const follow = (part) => (part.$ref ? { ...schema.$defs[part.$ref.split("/").at(-1)], ...part } : part);
  const parts = (property.anyOf ?? property.allOf ?? [property]).map(follow).filter((part) => part.type !== "null");
  return { ...parts[0], ...(property.default === undefined ? {} : { default: property.default }), description: property.description ?? parts[0].description };
}

const choicesOf = (kind) => kind.enum ?? (kind.const === undefined ? null : [kind.const]);

function limitsOf(kind) {
  const { minimum: low, maximum: high, maxLength: longest } = kind;
  if (low !== undefined && high !== undefined && high < 1e15) return `${integer(low)} to ${integer(high)}.`;
  if (low !== undefined) return `At least ${integer(low)}.`;
  return longest !== undefined && longest < LONG_TEXT && longest > 200 ? `At most ${integer(longest)} characters.` : "";
}

// The fields of `schema`. `lists` are the ids of datalists by field name.
export function schemaFields(schema, lists) {
  const required = schema.required ?? [];
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => field(name, kindOf(property, schema), required.includes(name), lists[name]));
  return fields.sort((a, b) => Number(b.required) - Number(a.required));
}

function field(name, kind, required, list) {
  const id = `payload-${name}`;
  const { control, value } = controlOf(id, name, kind, required, list);
  const about = [kind.description, kind.type === "integer" || kind.type === "string" ? limitsOf(kind) : "", kind.default !== undefined && kind.default !== null && kind.type !== "boolean" ? `Unless given: ${kind.default}.` : ""].filter(Boolean).join(" ");
  const error = h("span", { class: "field-problem", id: `${id}-problem`, hidden: true });
  setAttr(control, "aria-describedby", `${id}-about ${id}-problem`);
  const words = h("span", { class: "sub", id: `${id}-about` }, about);
  const label = h("span", { class: "name" }, name, required ? h("small", {}, " required") : null);
  const element = kind.type === "boolean" ? h("div", { class: "form-field" }, h("label", { class: "sw", for: id }, control, label), words, error) : h("div", { class: "form-field" }, h("label", { for: id }, label), control, words, error);
  return {
    name, required, element, control, value,
    say(problem) {
      setText(error, problem ?? "");
      setAttr(error, "hidden", !problem);
      setAttr(control, "aria-invalid", problem ? "true" : null);
    },
  };
}

// The control, and what its value is in the payload: undefined leaves the field out.
function controlOf(id, name, kind, required, list) {
  const choices = choicesOf(kind);
  if (kind.type === "boolean") {
    const control = h("input", { type: "checkbox", id, name });
    control.checked = kind.default === true;
    return { control, value: () => control.checked };
  }
  if (choices) {
    const control = h("select", { class: "pick", id, name }, ...(required ? [] : [h("option", { value: "" }, kind.default ? `${kind.default} (unless given)` : "not given")]), ...choices.map((each) => h("option", { value: each }, String(each))));
    return { control, value: () => (control.value === "" ? undefined : control.value) };
  }
  const numeric = ["integer", "number"].includes(kind.type);
  const long = kind.type === "string" && kind.maxLength > LONG_TEXT;
  const control = h(long ? "textarea" : "input", { class: "text", id, name, autocomplete: "off", inputmode: numeric ? "decimal" : null, list: list ?? null, placeholder: kind.examples ? `such as ${kind.examples[0]}` : null, "aria-required": required ? "true" : null });
  // What is no number goes as it was typed: the server says what is wrong with it.
  const value = () => {
    const typed = long ? control.value : control.value.trim();
    if (typed === "") return undefined;
    return numeric && Number.isFinite(Number(typed)) ? Number(typed) : typed;
  };
  return { control, value };
}
