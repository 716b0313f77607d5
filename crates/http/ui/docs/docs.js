// The page: which API, its operations, and one of them in full.

import { bounds, exampleOf, make, resolve, showSchema, typeOf } from "./schema.js";
import { credentialForm, tryForm } from "./try.js";

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];
const find = document.getElementById("find");
const main = document.getElementById("main");
const loaded = new Map();
let apis = [];

/** `#piktid/list_assets` → the API and the operation it names. */
function place() {
  const [name, operation] = decodeURIComponent(location.hash.slice(1)).split("/");
  return { api: apis.find((api) => api.name === name) ?? apis[0], operation };
}

async function load(api) {
  if (!loaded.has(api.name)) {
    const answer = await fetch(api.url);
    if (!answer.ok) throw new Error(`${api.url} answered ${answer.status}`);
    const spec = await answer.json();
    const server = spec.servers?.[0]?.url ?? "/";
    const base = new URL(server, new URL(api.url, location.href)).href.replace(/\/$/, "");
    loaded.set(api.name, { spec, base, operations: operationsOf(spec) });
  }
  return loaded.get(api.name);
}

function operationsOf(spec) {
  return Object.entries(spec.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const id = operation.operationId ?? `${method} ${path}`;
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
      const whole = parameters.map((parameter) => resolve(spec, parameter));
      return { id, method, path, operation, parameters: whole, tag: operation.tags?.[0] ?? "" };
    }));
}

function byTag(operations) {
  const groups = new Map();
  for (const one of operations) groups.set(one.tag, [...(groups.get(one.tag) ?? []), one]);
  return groups;
}

const anchor = (api, id) => `#${encodeURIComponent(api.name)}/${encodeURIComponent(id)}`;
const badge = (method) => make("span", { class: `method ${method}` }, method);

function showContents(api, operations) {
  const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ({ method, path, operation }) =>
    [method, path, operation.summary, operation.description].join(" ").toLowerCase();
  const fitting = operations.filter((one) => wanted.every((word) => text(one).includes(word)));
  const groups = [...byTag(fitting)].flatMap(([tag, group]) => [
    tag ? make("h2", {}, tag) : "",
    make("ul", {}, ...group.map(({ id, method, path }) =>
      make("li", {}, make("a", { href: anchor(api, id) }, badge(method), make("span", { class: "path" }, path))))),
  ]);
  const nothing = fitting.length === 0 ? [make("p", {}, "Nothing fits.")] : [];
  document.getElementById("operations").replaceChildren(...groups, ...nothing);
}

function showApi(api, { spec, base, operations }) {
  const tags = new Map((spec.tags ?? []).map((tag) => [tag.name, tag.description]));
  const groups = [...byTag(operations)].flatMap(([tag, group]) => [
    tag ? make("h3", {}, tag) : "",
    tags.get(tag) ? make("p", {}, tags.get(tag)) : "",
    ...group.map((one) => showOperation(spec, base, api, one)),
  ]);
  main.replaceChildren(
    make("h2", {}, spec.info?.title ?? api.title, " ", make("small", { class: "soft" }, spec.info?.version ?? "")),
    ...paragraphs(spec.info?.description),
    make("p", {}, "Base URL ", make("code", {}, base), " · ", make("a", { href: `${base}/openapi.json` }, "openapi.json")),
    credentialForm(),
    ...groups.filter(Boolean));
}

function paragraphs(text) {
  return (text ?? "").split(/\n{2,}/).filter(Boolean).map((one) => make("p", {}, one));
}

function showOperation(spec, base, api, one) {
  const { id, method, path, operation } = one;
  const summary = make("summary", {}, badge(method), make("span", { class: "path" }, path), " ",
    make("span", { class: "soft" }, operation.summary ?? ""));
  const kind = operation.deprecated ? "operation deprecated" : "operation";
  const details = make("details", { class: kind, id: `${api.name}/${id}` }, summary);
  details.addEventListener("toggle", () => details.append(inFull(spec, base, one)), { once: true });
  return details;
}

function inFull(spec, base, { method, path, operation, parameters }) {
  const body = resolve(spec, operation.requestBody);
  const full = make("div", {}, ...paragraphs(operation.description));
  if (operation.deprecated) full.append(make("p", { class: "required" }, "Deprecated."));
  full.append(make("p", { class: "soft" }, credentialsOf(spec, operation)));
  if (parameters.length > 0) full.append(make("h4", {}, "Parameters"), parameterTable(spec, parameters));
  if (body.content) {
    full.append(make("h4", {}, "Body", body.required ? make("span", { class: "required" }, " required") : ""));
    full.append(...paragraphs(body.description), ...showContent(spec, body.content));
  }
  full.append(make("h4", {}, "Answers"));
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    full.append(showAnswer(spec, status, resolve(spec, response)));
  }
  full.append(tryForm(spec, base, method, path, operation, parameters));
  return full;
}

function credentialsOf(spec, operation) {
  const needed = operation.security ?? spec.security ?? [];
  const names = needed.map((one) => Object.keys(one).join(" and "));
  if (needed.length === 0) return "Needs no credential.";
  if (names.includes("")) return `Credential optional: ${names.filter(Boolean).join(", ")}.`;
  return `Needs a credential: ${names.join(", or ")}.`;
}

function parameterTable(spec, parameters) {
  const rows = parameters.map((parameter) => {
    const schema = resolve(spec, parameter.schema);
    const said = [parameter.description, bounds(schema)].filter(Boolean).join(" · ");
    return make("tr", {},
      make("td", {}, make("code", {}, parameter.name),
        parameter.required ? make("span", { class: "required" }, " required") : ""),
      make("td", {}, parameter.in),
      make("td", {}, typeOf(spec, parameter.schema)),
      make("td", {}, said));
  });
  const heads = ["Name", "In", "Type", "Meaning"].map((word) => make("th", { scope: "col" }, word));
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
}

function showAnswer(spec, status, response) {
  const kind = status.startsWith("2") ? "get" : status.startsWith("3") ? "put" : "delete";
  const summary = make("summary", {}, make("strong", { class: kind }, status), " ", response.description ?? "");
  const details = make("details", {}, summary);
  const fields = Object.entries(response.headers ?? {}).map(([name, header]) =>
    make("p", {}, make("code", {}, name), " ", resolve(spec, header).description ?? ""));
  const open = () => details.append(...fields, ...showContent(spec, response.content ?? {}));
  details.addEventListener("toggle", open, { once: true });
  return details;
}

function showContent(spec, content) {
  return Object.entries(content).flatMap(([type, media]) => {
    const named = Object.entries(media.examples ?? {}).map(([name, one]) => [name, resolve(spec, one).value]);
    const given = media.example === undefined ? named : [["Example", media.example], ...named];
    const made = given.length === 0 && type.includes("json") ? [["Example", exampleOf(spec, media.schema)]] : given;
    return [
      make("p", {}, make("code", {}, type)),
      media.schema ? showSchema(spec, media.schema) : "",
      ...made.map(([name, value]) => make("details", {}, make("summary", {}, name),
        make("pre", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2)))),
    ].filter(Boolean);
  });
}

let shown;

async function show() {
  const { api, operation } = place();
  for (const link of document.querySelectorAll("#dialects a")) {
    if (link.dataset.name === api.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const whole = await load(api);
    showContents(api, whole.operations);
    if (shown !== api.name) showApi(api, whole);
    shown = api.name;
    const target = operation && document.getElementById(`${api.name}/${operation}`);
    if (target) {
      target.open = true;
      target.scrollIntoView();
    }
  } catch (error) {
    shown = undefined;
    main.replaceChildren(make("p", { class: "required" }, `Cannot show ${api.title}: ${error.message}`));
  }
}

async function begin() {
  apis = await (await fetch("/docs/apis.json")).json();
  const links = apis.map((api) =>
    make("a", { href: `#${encodeURIComponent(api.name)}`, "data-name": api.name }, api.title));
  document.getElementById("dialects").append(...links);
  find.addEventListener("input", show);
  addEventListener("hashchange", show);
  await show();
}

begin().catch((error) => main.replaceChildren(make("p", {}, `Cannot load: ${error.message}`)));
