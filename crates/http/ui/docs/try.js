// A form for each operation: what would be sent, as a curl command, and what comes back.

import { exampleOf, fieldsOf, make, resolve, typeOf } from "./schema.js";

const KEY = "backlot-docs-credential";

/** Where the credential is entered, for all operations. Kept for this tab only. */
export function credentialForm() {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  const kind = make("select", { id: "credential-kind" },
    ...[
      ["bearer", "Authorization: Bearer (token or API key)"],
      ["key", "x-api-key"],
      ["basic", "Authorization: Basic (id:secret)"],
      ["none", "none"],
    ].map(([value, words]) => make("option", { value, selected: kept.kind === value }, words)));
  const secret = make("input", { id: "credential", type: "password", autocomplete: "off", value: kept.secret });
  const keep = () => {
    sessionStorage.setItem(KEY, JSON.stringify({ kind: kind.value, secret: secret.value }));
  };
  kind.addEventListener("change", keep);
  secret.addEventListener("input", keep);
  return make("fieldset", {},
    make("legend", {}, "Credential for trying things out"),
    make("label", {}, "Sent as ", kind),
    make("label", {}, "Value ", secret),
    make("p", { class: "soft" }, "Kept in this tab only, and sent to this server only."));
}

function credentialHeaders() {
  const { kind = "bearer", secret } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  if (!secret || kind === "none") return {};
  if (kind === "key") return { "x-api-key": secret };
  if (kind === "basic") {
    const bytes = String.fromCharCode(...new TextEncoder().encode(secret));
    return { Authorization: `Basic ${btoa(bytes)}` };
  }
  return { Authorization: `Bearer ${secret}` };
}

/** The form of one operation at `base`. */
export function tryForm(spec, base, method, path, operation, parameters) {
  const inputs = parameters
    .filter((parameter) => parameter.in !== "cookie")
    .map((parameter) => ({ parameter, input: inputFor(parameter) }));
  const body = bodyInputs(spec, resolve(spec, operation.requestBody));
  const output = make("div", { "aria-live": "polite" });
  const request = () => compose(base, method, path, inputs, body);
  const elsewhere = new URL(base).origin !== location.origin;
  const form = make("form", { class: "try" },
    make("h4", {}, "Try it"),
    ...inputs.map(({ parameter, input }) =>
      make("label", {}, `${parameter.name} `, make("span", { class: "soft" },
        `${parameter.in}${parameter.required ? ", required" : ""}`), input)),
    body.element,
    make("button", { type: "submit", disabled: elsewhere }, "Send"),
    make("button", { type: "button", onclick: () => showCurl(output, request()) }, "Show as curl"),
    elsewhere ? make("p", { class: "soft" }, "This API has a host of its own, which this page may not call.") : "",
    output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await send(output, request());
  });
  return form;
}

function inputFor(parameter) {
  const schema = parameter.schema ?? {};
  if (!schema.enum) return make("input", { placeholder: parameter.example ?? "" });
  const options = schema.enum.map((one) => make("option", { value: one }, String(one)));
  return make("select", {}, make("option", { value: "" }, "—"), ...options);
}

/** Inputs for the body, by content type. */
function bodyInputs(spec, requestBody) {
  const content = Object.entries(requestBody.content ?? {});
  if (content.length === 0) return { element: "", read: () => ({}) };
  const holder = make("div");
  const choice = make("select", {}, ...content.map(([type]) => make("option", { value: type }, type)));
  let read = () => ({});
  const rebuild = () => {
    const [type, media] = content.find(([name]) => name === choice.value);
    holder.replaceChildren();
    read = fillBody(spec, holder, type, media);
  };
  choice.addEventListener("change", rebuild);
  rebuild();
  return { element: make("div", {}, make("label", {}, "Body as ", choice), holder), read: () => read() };
}

function fillBody(spec, holder, type, media) {
  const isForm = type === "multipart/form-data" || type === "application/x-www-form-urlencoded";
  if (isForm) {
    const fields = fieldsOf(spec, media.schema).map(([name, property]) => {
      const input = make("input", { type: isFile(spec, property) ? "file" : "text" });
      holder.append(make("label", {}, `${name} `, make("span", { class: "soft" }, typeOf(spec, property)), input));
      return { name, input };
    });
    return () => ({ type, fields: fields.flatMap(({ name, input }) => given(name, input)) });
  }
  if (type.includes("json")) {
    const example = media.example ?? Object.values(media.examples ?? {})[0]?.value ?? exampleOf(spec, media.schema);
    const text = make("textarea", { "aria-label": "Body", spellcheck: "false" });
    text.value = JSON.stringify(example, null, 2);
    holder.append(text);
    return () => ({ type, text: text.value });
  }
  const file = make("input", { type: "file" });
  holder.append(make("label", {}, "Bytes ", file));
  return () => ({ type: file.files[0]?.type || type, file: file.files[0] });
}

function isFile(spec, property) {
  const whole = resolve(spec, property);
  const binary = whole.format === "binary" || whole.contentMediaType !== undefined;
  return binary || (whole.items !== undefined && isFile(spec, whole.items));
}

function given(name, input) {
  if (input.type === "file") return [...input.files].map((file) => ({ name, file }));
  return input.value === "" ? [] : [{ name, text: input.value }];
}

/** Everything that a request is made of. */
function compose(base, method, path, inputs, body) {
  const query = new URLSearchParams();
  const headers = credentialHeaders();
  let filled = path;
  for (const { parameter, input } of inputs) {
    const value = input.value;
    if (parameter.in === "path") {
      filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
    } else if (value !== "" && parameter.in === "query") {
      query.append(parameter.name, value);
    } else if (value !== "") {
      headers[parameter.name] = value;
    }
  }
  const sent = body.read();
  if (sent.text !== undefined || sent.file) headers["Content-Type"] = sent.type;
  const tail = query.size > 0 ? `?${query}` : "";
  return { method: method.toUpperCase(), url: `${base}${filled}${tail}`, headers, sent };
}

function payload(sent) {
  if (!sent.fields) return sent.text ?? sent.file;
  const form = sent.type === "multipart/form-data" ? new FormData() : new URLSearchParams();
  for (const { name, text, file } of sent.fields) form.append(name, text ?? file);
  return form;
}

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

function showCurl(output, { method, url, headers, sent }) {
  const parts = [`curl -X ${method} ${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  for (const { name, text, file } of sent.fields ?? []) {
    const flag = sent.type === "multipart/form-data" ? "-F" : "--data-urlencode";
    parts.push(`${flag} ${quote(file ? `${name}=@${file.name}` : `${name}=${text}`)}`);
  }
  if (sent.text !== undefined) parts.push(`--data ${quote(sent.text)}`);
  if (sent.file) parts.push(`--data-binary ${quote(`@${sent.file.name}`)}`);
  output.replaceChildren(make("pre", {}, parts.join(" \\\n  ")));
}

async function send(output, request) {
  output.replaceChildren(make("p", {}, "Sending…"));
  const begun = performance.now();
  try {
    const { method, url, headers, sent } = request;
    const answer = await fetch(url, { method, headers, body: payload(sent), credentials: "omit" });
    const shown = await showBody(answer);
    const ms = Math.round(performance.now() - begun);
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.replaceChildren(
      make("p", {}, make("strong", {}, `${answer.status} ${answer.statusText}`), ` in ${ms} ms`),
      make("details", {}, make("summary", {}, "Header fields"), make("pre", {}, head)),
      shown);
  } catch (error) {
    output.replaceChildren(make("p", { class: "required" }, `The request failed: ${error.message}`));
  }
}

async function showBody(answer) {
  const type = answer.headers.get("content-type") ?? "";
  if (type.startsWith("image/")) {
    const source = URL.createObjectURL(await answer.blob());
    return make("img", { class: "answer", src: source, alt: "The picture that came back" });
  }
  const text = await answer.text();
  if (!type.includes("json")) return make("pre", {}, text.slice(0, 100_000));
  try {
    return make("pre", {}, JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return make("pre", {}, text);
  }
}
