// Elements, words and times. Whatever comes from elsewhere goes to the page as text alone.
import {words} from "./words.js";

// chosen is the language: Chinese, until somebody chooses another.
export const chosen = {language: 0};

// say words a key in the language that is chosen, with {0}, {1} … filled in.
export function say(key, ...args) {
  const pair = words[key];
  if (!pair) return key;
  return pair[chosen.language].replace(/\{(\d)\}/g, (_, n) => String(args[n] ?? ""));
}

// named words a name of the interface, such as a state; one without words stands for itself.
export const named = (kind, name) => name ? (words[kind + "." + name] ? say(kind + "." + name) : name) : "";

// visible shows marks that turn the direction of writing, and others that nobody sees, so that no text reads as another.
const visible = text => text.replace(
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
  c => "<U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + ">");

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in made) made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false && c !== "")
    .map(c => c instanceof Node ? c : visible(String(c))));
  return made;
}

// el makes an element. An attribute that is a function listens to the event that its name says: onclick, oninput.
export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

// draw makes an element of SVG.
export const draw = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

let last = 0;

// fresh is an id that no element of the page has yet.
export const fresh = name => name + "-" + ++last;

// field is an input with its label, what is to be said of it, and what is wrong with it.
export function field(label, input, {hint = "", error = ""} = {}) {
  input.id ||= fresh("f");
  const about = [];
  const below = [];
  for (const [kind, text] of [["hint", hint], ["error", error]]) {
    if (!text) continue;
    about.push(input.id + "-" + kind);
    below.push(el("p", {class: kind, id: input.id + "-" + kind}, text));
  }
  if (about.length) input.setAttribute("aria-describedby", about.join(" "));
  if (error) input.setAttribute("aria-invalid", "true");
  return el("div", {class: error ? "field wrong" : "field"}, el("label", {for: input.id}, label), below, input);
}

// choice is one of several as large buttons. options are [value, words]; changed gets the value.
export function choice(label, options, value, changed, {error = "", columns = 2} = {}) {
  const name = fresh("c");
  return el("fieldset", {class: "field choice columns-" + columns + (error ? " wrong" : "")}, el("legend", null, label),
    error && el("p", {class: "error"}, error),
    el("div", {class: "options"}, options.map(([v, text]) => el("label", {class: "option option-" + (v || "none")},
      el("input", {type: "radio", name, value: v, checked: v === value, onchange: () => changed(v)}), el("span", null, text)))));
}

export const button = (text, onclick, kind = "", more = {}) => el("button", {type: "button", class: kind, onclick, ...more}, text);

// list is pairs of a name and what it is; those without anything are left out.
export const list = pairs => el("dl", null, pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined &&
  value !== false).map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));

export const note = (kind, ...text) => el("div", {class: "note note-" + kind}, ...text.map(t =>
  t instanceof Node || !t ? t : el("p", null, t)));

// Times are of Beijing, whatever the phone is set to.
const beijing = new Date(0);
const shifted = at => { beijing.setTime(at.getTime() + 8 * 3600e3); return beijing.toISOString(); };

// stamp is a time as the interface takes it.
export const stamp = (at = new Date()) => shifted(at).slice(0, 19) + "+08:00";

// clock is a time of the interface for people: month-day hour:minute; empty for none.
export function clock(text) {
  const at = new Date(text || NaN);
  return isNaN(at) || at.getTime() <= 0 ? "" : shifted(at).slice(5, 16).replace("T", " ");
}

export const today = () => shifted(new Date()).slice(0, 10);

// local is a time as an input of type datetime-local has it, and back.
export const local = text => text ? shifted(new Date(text)).slice(0, 16) : "";
export const unlocal = text => text ? text + ":00+08:00" : "";

// size is a number of bytes for people.
export const size = n => n < 1e6 ? Math.max(1, Math.round(n / 1e3)) + " kB" : (n / 1e6).toFixed(n < 1e8 ? 1 : 0) + " MB";
