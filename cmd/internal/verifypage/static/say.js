// What an entry says in words, as `qingkong verify` says it: what is told of an entry, and each word, is the catalogue's,
// which the program put before this. A code that it has no word for is shown as it is.

const longest = 120;
const listed = (table, name) => typeof name === "string" && Object.hasOwn(table, name) ? table[name] : null;
const object = v => v !== null && typeof v === "object" && !Array.isArray(v);

// filled is a word in both languages with values in it, each of which is a text or one for each language.
const filled = (pair, values) => pair.map((word, i) => word.replace(/\{(\w+)\}/g, (as, name) => {
  const value = Object.hasOwn(values, name) ? values[name] : as;
  return typeof value === "string" ? value : value[i];
}));

// clip is a text in one line, cut short.
function clip(text) {
  const all = Array.from(text.slice(0, 4 * longest));
  return (all.length > longest ? all.slice(0, longest).join("") + "…" : all.join("")).trim().replace(/\s+/g, " ");
}

// short is the beginning of a hash or a reference, enough to find it by.
function short(hash) {
  const all = Array.from(clip(hash.replace(/^sha256:/, "")));
  return all.length > 14 ? all.slice(0, 12).join("") + "…" : all.join("");
}

const texts = (v, form) => typeof v === "string" && v !== "" ? form(v) : "";

// How values are told, by the name of a form: a text, or one for each language; an empty one is not told.
const forms = {
  text: v => texts(v, clip),
  hash: v => texts(v, short),
  name: (v, part) => texts(v, code => listed(catalogue.names[part.names], code) || clip(code)),
  number: v => typeof v === "number" && v !== 0 ? String(v) : "",
  yes: v => v === true ? "true" : "",
  moment: v => texts(v, text => {
    const is = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && isTime(text.slice(0, 19));
    const at = is ? Date.parse(text.slice(0, 19) + text.slice(19).replace(/^\.\d+/, "")) : NaN;
    return isNaN(at) ? "" : new Date(at + 8 * 3600e3).toISOString().slice(0, 16).replace("T", " "); // in Shanghai
  }),
  several: v => {
    if (!Array.isArray(v)) return "";
    const few = v.slice(0, 3).map(forms.text).join(" ");
    return v.length <= 3 ? few : filled(catalogue.several, {few, count: String(v.length)});
  },
  count: v => Array.isArray(v) && v.length > 0 ? String(v.length) : "",
  fingerprint: v => texts(v, fingerprint),
};

// fingerprint is a key in a form that two people compare over the telephone.
const fingerprint = vkey => hexOf(sha256(te.encode(vkey)).subarray(0, 16)).match(/..../g).join(" ");

// partsOf are what is told of a kind.
const partsOf = kind => {
  if (!tellable.has(kind)) tellable.set(kind, catalogue.parts.filter(p => kind.startsWith(p.of)));
  return tellable.get(kind);
};
const tellable = new Map(); // kinds that the catalogue knows

// toldOf is what is worth keeping of an entry's data: parts and their values.
function toldOf(kind, data) {
  if (!listed(catalogue.kinds, kind) || !object(data)) return [];
  const told = [];
  for (const part of partsOf(kind)) {
    let value = data;
    for (const name of part.at.split(".")) value = object(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    const text = forms[part.form](value, part);
    if (text !== "") told.push([part, text]);
  }
  return told;
}

// entrySays is an entry in words, in Chinese and in English.
function entrySays(kind, told) {
  const head = listed(catalogue.kinds, kind);
  if (!head) return filled(catalogue.unknown_kind, {kind: clip(kind)});
  const said = told.map(([part, value]) => filled(catalogue.said[part.word], {value}));
  if (said.length === 0) return head;
  return [head[0] + "：" + said.map(s => s[0]).join("，"), head[1] + ": " + said.map(s => s[1]).join(", ")];
}
