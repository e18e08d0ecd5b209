// An inspection as it is written: the checklist of the order, what was found, photos, place, second inspector, what follows,
// and the signature. Each change is kept at once.
import {el, say, named, field, choice, button, note, local, unlocal, clock, stamp} from "./dom.js";
import {picker, monitors, ordered, finding, told} from "./parts.js";
import {results, dispositions, errorAt, monitorName, written, blank} from "./drafts.js";
import * as photos from "./photos.js";
import {pad} from "./sign.js";

export function draftPage(ctx, draft) {
  const touched = () => ctx.touch(draft);
  const wrong = path => errorAt(draft, path, say);
  const text = (label, key, of, more = {}) => {
    const input = el(more.rows ? "textarea" : "input", {rows: more.rows, type: more.rows ? null : "text", value: of[key], inputmode: more.inputmode,
      maxlength: more.most || 2000, autocomplete: "off", oninput: () => { of[key] = input.value; touched(); if (more.changed) more.changed(); }});
    return field(label, input, {hint: more.hint, error: more.path ? wrong(more.path) : ""});
  };
  const pick = place => picker(draft, place, {most: () => ctx.most, position: () => draft.position, changed: touched});
  const task = draft.task;
  const changeable = written.includes(draft.state);
  const crumb = el("p", {class: "crumb"}, el("a", {href: "#/kept"}, say("kept_title")));
  const title = el("h1", null, task.recipient_name || task.recipient_id || say("no_task"));
  if (!changeable) return [crumb, title, note("caution", say(draft.state === "ready" ? "ready_draft" : "locked_draft")),
    el("p", {class: "buttons"}, draft.state === "ready" && button(say("change"), () => ctx.change(draft), "main"), el("a", {class: "button", href: "#/draft/" + draft.client_id + "/review"}, say("look")))];

  return [crumb, title, draft.problem && note("alarm", draft.problem, ...draft.errors.filter(e => e.message).map(e => e.path + say("colon") + e.message)),
    task.id ? null : el("section", {class: "panel"}, text(say("recipient_id"), "recipient_id", task, {path: "recipient_id", hint: say("recipient_hint")})),
    ordered(task.order), finding(task.finding),
    draft.corrects && note("act", say("corrects", draft.corrects)),
    el("section", null, el("h2", null, say("checklist")), el("ol", {class: "plain"},
      draft.items.map((item, i) => itemOf(draft, item, i, {text, touched, wrong, pick}))),
    el("p", {class: "buttons"}, button(say("item_add"), async () => {
      draft.items.push(blank());
      touched();
      await ctx.redraw();
    }))),
    el("section", {class: "panel"}, el("h2", null, say("whole")), text(say("note"), "note", draft, {rows: 3, path: "note"}), had(draft.had),
      el("h3", null, say("photos")), pick("whole")),
    position(ctx, draft, touched), second(ctx, draft, touched, wrong), follow(ctx, draft, touched, wrong), signs(ctx, draft, touched, wrong, text),
    el("p", {class: "buttons"}, button(say("to_review"), () => ctx.review(draft), "main big"), button(say("drop_draft"), () => ctx.dropDraft(draft), "quiet"))];
}

const had = files => files.length > 0 && el("p", {class: "fine"}, say("had", files.length));

function itemOf(draft, item, i, {text, touched, wrong, pick}) {
  const measure = item.measure_id && (draft.task.checklist || []).find(c => c.measure_id === item.measure_id) || {};
  const charts = monitors(measure);
  const value = () => {
    const n = Number(String(item.value).replace(",", "."));
    charts.found(item.monitor, item.value !== "" && Number.isFinite(n) ? n : null);
  };
  const path = name => "items[" + i + "]." + name;
  const several = (measure.monitors || []).length > 1;
  const monitor = several && el("select", {onchange: e => {
    const chosen = measure.monitors.find(m => monitorName(m) === e.target.value);
    item.monitor = e.target.value;
    item.unit = chosen && chosen.unit || item.unit;
    touched();
    value();
  }}, measure.monitors.map(m => el("option", {value: monitorName(m), selected: monitorName(m) === item.monitor}, m.ref + " " + m.factor)));
  const out = el("li", {class: "panel item"}, el("h3", null, i + 1, ". ", item.text || say("item_own")), measure.equipment && el("p", {class: "fine"}, measure.equipment),
    item.measure_id ? el("p", {class: "expected"}, say("expected"), say("colon"), item.expected || "—") :
      text(say("item_expected"), "expected", item, {path: path("expected")}),
    clock(measure.complete_by) && el("p", null, say("complete_by", clock(measure.complete_by))),
    (measure.evidence || []).length > 0 && el("p", {class: "fine"}, say("wants_evidence", measure.evidence.join(say("comma")))),
    choice(say("result"), results.map(r => [r, named("result", r)]), item.result, v => { item.result = v; touched(); }, {error: wrong(path("result"))}),
    charts.elements, several && field(say("monitor"), monitor),
    el("div", {class: "pair"}, text(say("value"), "value", item, {inputmode: "decimal", path: path("value"), most: 20, changed: value}),
      text(say("unit"), "unit", item, {most: 20, path: path("unit")})),
    text(say("found"), "found", item, {rows: 2, path: path("found")}),
    el("details", {open: Boolean(item.note || item.vehicles)}, el("summary", null, say("more")),
      text(say("vehicles"), "vehicles", item, {hint: say("vehicles_hint"), path: path("vehicles")}), text(say("note"), "note", item, {rows: 2, path: path("note")})),
    had(item.had), el("h4", null, say("photos")), pick("item:" + i));
  value();
  return out;
}

function position(ctx, draft, touched) {
  const box = el("section", {class: "panel"});
  const paint = () => {
    const p = draft.position;
    box.replaceChildren(el("h2", null, say("position")), el("p", {role: "status"}, p ? say("position_is", p.lat.toFixed(5), p.lon.toFixed(5), Math.round(p.accuracy_m),
      clock(p.at)) : say("position_" + (draft.position_state || "none"))),
    el("p", {class: "buttons"}, button(p ? say("position_again") : say("position_ask"), ask), p && button(say("position_drop"), () => {
      draft.position = null;
      draft.position_state = "";
      touched();
      paint();
    }, "quiet") || ""));
  };
  const over = state => { draft.position_state = state; touched(); paint(); };
  function ask() {
    if (!globalThis.isSecureContext || !navigator.geolocation) return over("unable");
    over("asking");
    navigator.geolocation.getCurrentPosition(got => {
      draft.position = {lon: got.coords.longitude, lat: got.coords.latitude, accuracy_m: got.coords.accuracy, at: stamp(new Date(got.timestamp))};
      over("");
    }, e => over(e.code === 1 ? "refused" : "failed"), {enableHighAccuracy: true, timeout: 30000, maximumAge: 60000});
  }
  if (draft.position_state === "asking") draft.position_state = "";
  paint();
  return box;
}

function second(ctx, draft, touched, wrong) {
  const people = (draft.colleagues || []).filter(c => c.user !== draft.user);
  const select = el("select", {onchange: () => { draft.with = select.value; touched(); }},
    el("option", {value: ""}, say("nobody")), people.map(c => el("option", {value: c.user, selected: c.user === draft.with}, c.name ? c.name + " (" + c.user + ")" : c.user)));
  return el("section", {class: "panel"}, el("h2", null, say("second")), field(say("second_label"), select, {error: wrong("with"),
    hint: say("second_hint", (draft.two_for || []).map(d => named("disposition", d)).join(say("comma")))}));
}

function follow(ctx, draft, touched, wrong) {
  const more = el("div");
  const paint = () => {
    const due = el("input", {type: "datetime-local", value: local(draft.due), oninput: () => { draft.due = unlocal(due.value); touched(); }});
    const again = el("input", {type: "checkbox", checked: draft.reinspect, onchange: () => { draft.reinspect = again.checked; touched(); }});
    const wants = draft.disposition && draft.disposition !== "none";
    more.replaceChildren(...wants ? [field(say("due_label"), due, {error: wrong("due")}), el("label", {class: "option"}, again, el("span", null, say("reinspect")))] : []);
  };
  paint();
  return el("section", {class: "panel"}, el("h2", null, say("follow")), choice(say("disposition"), dispositions.map(d => [d, named("disposition", d)]), draft.disposition, v => {
    draft.disposition = v;
    if (v === "none") Object.assign(draft, {due: "", reinspect: false});
    touched();
    paint();
  }, {error: wrong("disposition")}), more);
}

function signs(ctx, draft, touched, wrong, text) {
  const more = el("div");
  let keeping = Promise.resolve();
  async function keep(file) {
    for (const old of await photos.of(draft.client_id)) if (old.place === "signature") await photos.drop(old.id);
    if (file) await photos.take(draft, "signature", file);
  }
  const signed = file => {
    keeping = keeping.then(() => keep(file)).then(() => { touched(); said.textContent = file ? say("signed_kept") : ""; }, e => { said.textContent = told(e); });
    ctx.waits(keeping);
  };
  const said = el("p", {role: "status", class: "fine"});
  const paint = async () => {
    const there = (await photos.of(draft.client_id)).find(p => p.place === "signature");
    if (there) said.textContent = say("signed_kept");
    more.replaceChildren(...draft.signs === "signs" ? [text(say("signer"), "signer", draft, {path: "signature.name", most: 100}),
      wrong("signature.image") ? el("p", {class: "error"}, wrong("signature.image")) : "", el("p", null, say("pad_hint")), pad(signed), said] :
      draft.signs === "refuses" ? [text(say("signer_refuses"), "signer", draft, {path: "signature.name", most: 100}),
        text(say("refused"), "refused", draft, {rows: 2, path: "signature.refused"})] : []);
  };
  paint();
  return el("section", {class: "panel"}, el("h2", null, say("signature")), choice(say("signs_label"), [["signs", say("signs")], ["refuses", say("refuses")]], draft.signs, async v => {
    draft.signs = v;
    touched();
    if (v === "refuses") await keep(null);
    paint();
  }, {error: wrong("signature")}), more);
}
