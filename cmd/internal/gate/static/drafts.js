// Drafts of inspections. Each is kept as it is typed. A draft is `writing`, then `ready` to be sent, `sending` from the first
// try on (whose outcome the server knows, so that it is not changed any more), and then either gone, because the server
// confirmed it, or `refused` (back to be changed) or in `conflict`.
import {all, get, within, chunks} from "./store.js";
import {sealValue, unsealValue, random} from "./vault.js";
import {stamp} from "./dom.js";

export const results = ["pass", "fail", "not_applicable", "not_seen"];
export const dispositions = ["none", "rectify", "refer", "case", "downgrade"];

const name = id => "draft " + id;

// monitorName is by what an item says which monitor it is about.
export const monitorName = m => m ? m.ref + "." + m.factor : "";

// blank is an item that nobody asked for: what was looked at is typed.
export const blank = () => ({measure_id: "", text: "", expected: "", monitor: "", unit: "", found: "", result: "", value: "", note: "",
  vehicles: "", had: []});

// begin is a new draft of a task, or of none. The task stays in it as it was, whatever becomes of it meanwhile.
export function begin(user, task) {
  const items = (task.checklist || []).map(c => ({...blank(), measure_id: c.measure_id, text: c.text, expected: c.expected || "",
    monitor: monitorName((c.monitors || [])[0]), unit: ((c.monitors || [])[0] || {}).unit || ""}));
  if (!items.length) items.push(blank());
  const two = [task.assignee, task.with];
  return {client_id: random(), user, task, started_at: stamp(), at: "", items, note: "", position: null, position_state: "",
    had: [], corrects: "", with: two.includes(user) && two.find(u => u && u !== user) || "", disposition: "", due: "",
    reinspect: false, signer: "", signs: "", refused: "", state: "writing",
    errors: [], problem: ""};
}

// correcting is a draft in the place of an inspection that the server has: with all that was said in it, and its files, but for
// the signature.
export function correcting(user, {answer, task}) {
  const draft = begin(user, task);
  const texts = new Map((task.checklist || []).map(c => [c.measure_id, c.text]));
  return {...draft, corrects: answer.id, had: answer.evidence || [], note: answer.note || "", with: answer.with || "",
    disposition: answer.disposition, due: answer.due || "", reinspect: Boolean(answer.reinspect), position: answer.position || null,
    items: answer.items.map(i => ({...blank(), measure_id: i.measure_id || "", text: texts.get(i.measure_id) || "", expected: i.expected || "",
      monitor: i.monitor || "", unit: i.unit || "", found: i.found || "", result: i.result, note: i.note || "", had: i.evidence || [],
      value: i.value === null || i.value === undefined ? "" : String(i.value), vehicles: (i.vehicles || []).join(" ")}))};
}

// save keeps a draft. One that somebody writes may meanwhile be another's to change, as when it is being sent: then nothing is
// kept, and the answer is false. Only the row says in which state a draft is.
export async function save(draft, from = null) {
  const sealed = await sealValue(draft, name(draft.client_id));
  return within(["drafts"], async tx => {
    const was = await tx.store.get(draft.client_id);
    if (from && was && !from.includes(was.state)) return false;
    await tx.store.put({id: draft.client_id, user: draft.user, state: draft.state, changed: Date.now(), sealed});
    return true;
  });
}

// written are the states in which a draft is its writer's.
export const written = ["writing", "refused"];

// move puts a draft from one of some states into another; false where it is in none of them.
export const move = (draft, from, to) => within(["drafts"], async tx => {
  const row = await tx.store.get(draft.client_id);
  if (!row || !from.includes(row.state)) return false;
  await tx.store.put({...row, state: to});
  draft.state = to;
  return true;
});

const opened = async row => ({...await unsealValue(row.sealed, name(row.id)), state: row.state});

export async function load(id) {
  const row = await get("drafts", id);
  return row ? opened(row) : null;
}

// of are the drafts of a user, the oldest first.
export async function of(user) {
  const rows = await all("drafts", "user", user);
  const out = [];
  for (const row of rows) out.push(await opened(row));
  return out.sort((a, b) => a.started_at < b.started_at ? -1 : 1);
}

// waiting is how many drafts of a user no server has; it opens none of them.
export const waiting = async user => (await all("drafts", "user", user)).length;

// others is of how many other users something lies here.
export async function others(user) {
  const rows = (await all("drafts")).filter(d => d.user !== user);
  return {users: [...new Set(rows.map(d => d.user))], drafts: rows.length};
}

// removing takes a draft and its photos away, within a transaction of the caller's.
async function removing(tx, id) {
  for (const photo of await tx.objectStore("photos").index("draft").getAllKeys(id)) {
    await tx.objectStore("photos").delete(photo);
    await tx.objectStore("chunks").delete(chunks(photo));
  }
  await tx.objectStore("drafts").delete(id);
}

// renamed is a draft under another id: what the server has under the first stays as it is.
export async function renamed(draft) {
  const old = draft.client_id;
  const next = {...draft, client_id: random(), state: "writing", problem: "", errors: []};
  const sealed = await sealValue(next, name(next.client_id));
  await within(["drafts", "photos"], async tx => {
    const photos = tx.objectStore("photos");
    for (const photo of await photos.index("draft").getAll(old)) await photos.put({...photo, draft: next.client_id});
    await tx.objectStore("drafts").put({id: next.client_id, user: next.user, state: next.state, changed: Date.now(), sealed});
    await tx.objectStore("drafts").delete(old);
  });
  return next;
}

export const remove = id => within(["drafts", "photos", "chunks"], tx => removing(tx, id));

// confirmed puts what the server answered in the place of a draft, in one step.
export async function confirmed(draft, answer) {
  const kept = {answer, task: draft.task, at: stamp(), seen: false};
  const sealed = await sealValue(kept, "done " + draft.client_id);
  await within(["drafts", "photos", "chunks", "done"], async tx => {
    await tx.objectStore("done").put({id: draft.client_id, user: draft.user, sealed});
    await removing(tx, draft.client_id);
  });
}

export async function done(user) {
  const out = [];
  for (const row of await all("done", "user", user)) out.push({id: row.id, ...await unsealValue(row.sealed, "done " + row.id)});
  return out.sort((a, b) => a.at < b.at ? 1 : -1);
}

const lines = text => text.split(/[\s,，、;；]+/).filter(Boolean);
const number = text => String(text).trim() === "" ? null : Number(String(text).trim().replace(/，|,/g, "."));

// body is what the server is sent, of a draft and its photos.
export function body(draft, photos, now = stamp()) {
  const evidence = place => photos.filter(p => p.place === place).map(p => p.evidence);
  const signature = photos.filter(p => p.place === "signature").at(-1);
  return {
    client_id: draft.client_id, task_id: draft.task.id, order_id: draft.task.order ? draft.task.order.id : "",
    recipient_id: draft.task.recipient_id.trim(), with: draft.with, corrects: draft.corrects,
    started_at: draft.started_at, at: draft.at, device_now: now,
    items: draft.items.map((item, i) => ({measure_id: item.measure_id, monitor: item.monitor, expected: item.expected,
      found: item.found.trim(), result: item.result, value: number(item.value), unit: number(item.value) === null ? "" : item.unit.trim(),
      note: item.note.trim(), vehicles: lines(item.vehicles), evidence: [...item.had, ...evidence("item:" + i)]})),
    note: draft.note.trim(), evidence: [...draft.had, ...evidence("whole")], position: draft.position,
    signature: draft.signs === "refuses" ? {name: draft.signer.trim(), image: "", refused: draft.refused.trim()} :
      {name: draft.signer.trim(), image: signature ? signature.evidence : "", refused: ""},
    disposition: draft.disposition, due: draft.due || null, reinspect: draft.reinspect,
  };
}

// lacking are what a draft has to have before it is sent, as the server's errors are: {path, key}. twoFor are the
// dispositions that two inspectors decide on.
export function lacking(draft, photos, twoFor) {
  const out = [];
  const lacks = (path, key) => out.push({path, key});
  draft.items.forEach((item, i) => {
    if (!item.result) lacks("items[" + i + "].result", "lacks_result");
    if (!item.measure_id && !item.found.trim()) lacks("items[" + i + "].found", "lacks_found");
    const n = number(item.value);
    if (n !== null && !Number.isFinite(n)) lacks("items[" + i + "].value", "lacks_number");
  });
  if (!draft.items.length) lacks("items", "lacks_items");
  if (!draft.task.recipient_id.trim()) lacks("recipient_id", "lacks_recipient");
  if (!draft.disposition) lacks("disposition", "lacks_disposition");
  if (draft.disposition === "rectify" && !draft.due) lacks("due", "lacks_due");
  if (twoFor.includes(draft.disposition) && !draft.with) lacks("with", "lacks_with");
  if (!draft.signs) lacks("signature", "lacks_signature");
  if (draft.signs === "signs") {
    if (!draft.signer.trim()) lacks("signature.name", "lacks_signer");
    if (!photos.some(p => p.place === "signature")) lacks("signature.image", "lacks_signature");
  }
  if (draft.signs === "refuses" && !draft.refused.trim()) lacks("signature.refused", "lacks_refused");
  return out;
}

// errorAt is what is wrong with a member of a draft, by the server or by [lacking]; words is how a key is worded.
export function errorAt(draft, path, words) {
  const hit = draft.errors.find(e => e.path === path);
  return hit ? hit.key ? words(hit.key) : hit.message : "";
}
