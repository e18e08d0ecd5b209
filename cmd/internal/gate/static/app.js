// The page as a whole: who is here, what is open, which page is shown, and what happens when the network comes and goes.
import {el, say, note, button, chosen} from "./dom.js";
import {call, ask, Away, Refused} from "./api.js";
import * as store from "./store.js";
import * as vault from "./vault.js";
import * as drafts from "./drafts.js";
import * as photos from "./photos.js";
import * as sync from "./sync.js";
import {told} from "./parts.js";
import {dayPage, taskPage} from "./day.js";
import {draftPage} from "./inspect.js";
import {reviewPage} from "./review.js";
import {keptPage} from "./kept.js";
import {settingsPage, unlockForm, pinForm} from "./settings.js";

const $ = id => document.getElementById(id);
const fallbackMost = 1 << 30; // bytes of a file, until the server has said what it takes
const saving = 250; // ms from the last change until it is kept

// ctx is what pages see and may ask for.
const ctx = {
  user: null, owner: "", open: false, session: "asking", locked: "", given: null, day: null, drafts: [], done: [],
  others: {users: [], drafts: 0}, sync: sync.state, most: fallbackMost, worker: "unable", persisted: "unknown", install: null,
  loginAddress: "/login?next=" + encodeURIComponent("/gate/"), problem: "", pin: false,
  refresh, begin, beginBlank, correct, touch, review, finish, change, asNew, dropDraft, seen, logout, setLanguage, persist,
  redraw, syncNow: () => sync.now(), waits: promise => { pending.add(promise); promise.finally(() => pending.delete(promise)); },
};

const notes = new Map();

function tell(key, element) {
  if (element) notes.set(key, element);
  else notes.delete(key);
  $("notes").replaceChildren(...notes.values());
}

// Who is here.

async function know() {
  try {
    ctx.user = await call("GET", "me", undefined, {patience: 8000});
    ctx.session = "yes";
  } catch (e) {
    ctx.user = null;
    ctx.session = e instanceof Refused && e.status === 401 ? "no" : "away";
    sync.as("");
    return;
  }
  await enter(ctx.user);
}

// enter opens what lies here for a user whose session the server knows.
async function enter(me) {
  const user = me.user;
  if (vault.owner() && vault.owner() !== user) leave();
  await store.put("about", {user, name: me.name}, "last");
  if (!vault.able) vault.plain(user);
  else await byServer(user);
  if (!vault.isOpen(user)) return;
  await opened(user);
  sync.as(user);
  await refresh();
}

async function byServer(user) {
  let given;
  try {
    given = await call("GET", "me/device-key");
  } catch (e) {
    if (!vault.isOpen(user)) ctx.locked = e instanceof Refused && e.status === 404 ? "device" : "away";
    return;
  }
  if (vault.isOpen(user)) { // by its PIN
    const keys = await vault.keysOf(user);
    if (keys.server.id !== given.id) await vault.renew(user, given);
    return;
  }
  if (await vault.openBy(user, given)) return;
  ctx.given = given;
  if (await drafts.waiting(user)) ctx.locked = "changed";
  else await anew(user);
}

// anew begins with a new key of the device; what was encrypted by the old one is not to be had any more.
async function anew(user) {
  for (const row of await store.all("drafts", "user", user)) await drafts.remove(row.id);
  for (const row of await store.all("done", "user", user)) await store.remove("done", row.id);
  await store.remove("days", user);
  await vault.begin(user, ctx.given);
}

// opened reads what lies here of a user, once it can be read.
async function opened(user) {
  Object.assign(ctx, {owner: user, open: true, locked: ""});
  if (vault.able) ctx.pin = Boolean((await vault.keysOf(user)).pin);
  await load();
  await photos.sweep();
}

async function load() {
  const user = ctx.owner;
  const editing = new Map(ctx.drafts.map(d => [d.client_id, d]));
  ctx.drafts = (await drafts.of(user)).map(d => { // what is being written stays as it is in the page
    const mine = editing.get(d.client_id);
    return mine && drafts.written.includes(mine.state) && drafts.written.includes(d.state) ? mine : d;
  });
  ctx.done = await drafts.done(user);
  ctx.others = await drafts.others(user);
  ctx.most = await store.get("about", "most") || fallbackMost;
  const kept = await store.get("days", user);
  ctx.day = kept ? await vault.unsealValue(kept, "day of " + user) : null;
}

// leave closes what is open. Nothing is lost: it lies here still.
function leave() {
  vault.close();
  photos.forget();
  sync.as("");
  Object.assign(ctx, {owner: "", open: false, day: null, drafts: [], done: [], locked: ""});
}

async function logout() {
  const n = ctx.owner ? await drafts.waiting(ctx.owner) : 0;
  if (n && !await confirmed(say("logout_asks", n), say("logout_anyway"))) return;
  await flush();
  try {
    await call("DELETE", "session");
  } catch (e) {
    if (e instanceof Away) return void tell("logout", note("caution", say("logout_away")));
    if (e.status !== 401) throw e;
  }
  if (ctx.owner) {
    await store.remove("days", ctx.owner);
    for (const one of ctx.done) await store.remove("done", one.id);
  }
  leave();
  Object.assign(ctx, {user: null, session: "no"});
  location.hash = "#/";
  await redraw();
}

// What the server says of the day.

async function refresh() {
  try {
    const day = await call("GET", "gate/day", undefined, {patience: 30000});
    await store.put("days", await vault.sealValue(day, "day of " + ctx.owner), ctx.owner);
    ctx.day = day;
    ctx.problem = "";
    const can = await ask("OPTIONS", "uploads", {headers: {"Tus-Resumable": "1.0.0"}});
    const most = Number(can.headers.get("Tus-Max-Size"));
    if (most > 0) await store.put("about", ctx.most = most, "most");
  } catch (e) {
    if (e instanceof Refused && e.status === 401) expired();
    else if (e instanceof Refused && e.status === 403) ctx.problem = say("not_inspector");
    else if (!(e instanceof Away)) ctx.problem = told(e);
    else if (ctx.session === "yes") ctx.session = "away";
  }
  await later();
}

function expired() {
  Object.assign(ctx, {user: null, session: "no"});
  sync.as("");
}

// Drafts.

const pending = new Set(); // what is being kept right now
let timer = 0;
let dirty = null;

function touch(draft) {
  if (dirty && dirty !== draft) flush();
  dirty = draft;
  clearTimeout(timer);
  timer = setTimeout(flush, saving);
}

// flush keeps what was changed, and is over when everything is.
async function flush() {
  clearTimeout(timer);
  const draft = dirty;
  dirty = null;
  if (draft) {
    const work = drafts.save(draft, drafts.written).then(() => tell("full", null), e => {
      dirty ||= draft; // it stays in the page, and is tried again with the next change
      tell("full", note("alarm", told(e)));
    });
    ctx.waits(work);
  }
  await Promise.allSettled([...pending]);
}

function begin(task) { return write(drafts.begin(ctx.owner, task)); }
function correct(one) { return write(drafts.correcting(ctx.owner, one)); }

async function write(draft) {
  draft.two_for = ctx.day ? ctx.day.two_for || [] : [];
  draft.colleagues = ctx.day ? ctx.day.colleagues || [] : [];
  await drafts.save(draft);
  ctx.drafts.push(draft);
  persist();
  location.hash = "#/draft/" + draft.client_id;
}

function beginBlank() {
  return begin({id: "", recipient_id: "", recipient_name: "", checklist: [], order: null, town: ""});
}

async function review(draft) {
  await flush();
  location.hash = "#/draft/" + draft.client_id + "/review";
}

async function finish(draft) {
  await flush();
  const before = {at: draft.at, state: draft.state, errors: draft.errors, problem: draft.problem};
  Object.assign(draft, {at: draft.at || new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 19) + "+08:00", state: "ready", errors: [], problem: ""});
  try {
    await drafts.save(draft, drafts.written);
  } catch (e) {
    Object.assign(draft, before);
    return void tell("full", note("alarm", told(e)));
  }
  sync.now();
  location.hash = "#/kept";
}

async function change(draft) {
  if (!await drafts.move(draft, ["ready"], "writing")) await load();
  await redraw();
}

async function asNew(draft) {
  const next = await drafts.renamed(draft);
  await load();
  location.hash = "#/draft/" + next.client_id;
}

async function dropDraft(draft) {
  if (!await confirmed(say("drop_asks"), say("drop_draft"))) return;
  if (dirty === draft) dirty = null;
  await drafts.remove(draft.client_id);
  await load();
  if (location.hash === "#/kept") await redraw();
  else location.hash = "#/kept";
}

async function seen(one) {
  await store.remove("done", one.id);
  await load();
  await redraw();
}

// confirmed asks something that cannot be taken back.
function confirmed(text, yes) {
  return new Promise(done => {
    const close = answer => { box.close(); box.remove(); done(answer); };
    const box = el("dialog", {"aria-label": text, oncancel: e => { e.preventDefault(); close(false); }}, el("p", null, text),
      el("p", {class: "buttons"}, button(say("cancel"), () => close(false), "main"), button(yes, () => close(true), "warn")));
    document.body.append(box);
    box.showModal();
  });
}

// What is shown.

function lockedPage() {
  const user = ctx.user ? ctx.user.user : ctx.last ? ctx.last.user : "";
  const out = [el("h1", null, say("app"))];
  if (ctx.session === "yes" && ctx.locked === "device") out.push(note("caution", say("device_unknown")));
  else if (ctx.locked === "changed") out.push(note("caution", say(ctx.pin ? "key_changed" : "key_changed_shut", ctx.waiting)));
  else if (ctx.session === "no") out.push(note("act", say(ctx.waiting ? "login_first_waiting" : "login_first", ctx.waiting)));
  else if (ctx.session === "away" || ctx.locked === "away") out.push(note("caution", say(ctx.pin ? "away_pin" : vault.able ? "away_no_pin" : "away_plain")));
  else out.push(el("p", {role: "status"}, say("asking")));
  if (ctx.pin && user && !ctx.open) out.push(unlockForm(ctx, user, async () => {
    if (ctx.given && ctx.session === "yes") await vault.renew(user, ctx.given);
    await opened(user);
    if (ctx.user && ctx.user.user === user) { sync.as(user); refresh(); }
    await redraw();
  }));
  if (ctx.session === "no" || ctx.locked === "device") out.push(el("p", {class: "buttons"}, el("a", {class: "button main big", href: ctx.loginAddress}, say("login"))));
  if (ctx.session === "away" || ctx.locked === "away") out.push(button(say("again"), () => again()));
  if (ctx.locked === "changed") out.push(button(say("begin_anew", ctx.waiting), async () => {
    if (!await confirmed(say("begin_anew_asks", ctx.waiting), say("begin_anew", ctx.waiting))) return;
    await anew(user);
    await enter(ctx.user);
    await later(); // the day came already, and somebody may be typing
  }, "warn"));
  return out;
}

async function page() {
  const [, kind, id, more] = (location.hash || "#/").split("/").map(decodeURIComponent);
  if (kind === "settings") return settingsPage(ctx);
  if (!ctx.open) return lockedPage();
  if (kind === "task") return taskPage(ctx, id);
  if (kind === "kept") {
    const of = new Map();
    for (const d of ctx.drafts) of.set(d.client_id, await photos.of(d.client_id));
    return keptPage(ctx, of);
  }
  const draft = kind === "draft" && ctx.drafts.find(d => d.client_id === id);
  if (draft && more === "review") return reviewPage(ctx, draft, await photos.of(id));
  if (draft) return draftPage(ctx, draft);
  if (kind === "draft") return [el("h1", null, say("kept_title")), note("act", say("draft_gone")), el("a", {class: "button", href: "#/kept"}, say("kept_title"))];
  const wantsPin = vault.able && !ctx.pin && el("details", {class: "note note-caution", open: !ctx.drafts.length}, el("summary", null, say("pin_wanted")), pinForm(ctx, false));
  return [wantsPin, ...dayPage(ctx)];
}

// What is replaced between a finger's way down and up is not pressed, and what somebody types into is not replaced: what
// comes by itself waits for that, but for what opens here or closes.
let pressed = false, owed = false, was = false;

const typing = main => main.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);

function released() {
  setTimeout(() => { // after the click
    pressed = false;
    if (owed) later();
  }, 0);
}

// later shows the page again for what came by itself.
function later() {
  owed = false;
  return redraw("", true);
}

const writing = () => /^#\/draft\/[^/]+$/.test(location.hash) && ctx.open;
let drawn = Promise.resolve(); // one after another
let moved = false; // another page is shown next, from its top

// redraw shows the page that the address names; said is a word about what was done. One that is quiet comes by itself.
function redraw(said = "", quiet = false) {
  drawn = drawn.then(() => show(said, quiet)).catch(e => tell("drawn", note("alarm", told(e))));
  return drawn;
}

async function show(said, quiet) {
  if (vault.able && (ctx.owner || ctx.last)) {
    const keys = await vault.keysOf(ctx.user ? ctx.user.user : ctx.owner || ctx.last.user);
    ctx.pin = Boolean(keys && keys.pin);
  }
  ctx.waiting = ctx.owner || ctx.last ? await drafts.waiting(ctx.owner || ctx.last.user) : 0;
  let parts;
  try {
    parts = await page();
  } catch (e) {
    parts = [el("h1", null, say("app")), note("alarm", told(e))];
  }
  const main = $("main");
  const busy = pressed || was === ctx.open && typing(main);
  if (quiet && (busy || writing())) {
    owed = busy;
    return paintHead();
  }
  was = ctx.open;
  main.replaceChildren(...[said && note("act", said), ctx.problem && note("caution", ctx.problem), ...parts].flat(Infinity).filter(Boolean));
  if (moved) {
    moved = false;
    main.focus({preventScroll: true});
    scrollTo(0, 0);
  }
  const title = main.querySelector("h1");
  performance.mark("shown"); // how long it took is read from outside
  document.title = (title ? title.textContent + " · " : "") + say("app");
  paintHead();
}

let headed = ""; // what the head shows

function paintHead() {
  const line = ctx.session === "no" ? ["bad", say("head_login")] : ctx.session === "yes" ? ["good", say("head_online")] :
    ctx.session === "away" ? ["wait", say("head_offline")] : ["wait", say("head_asking")];
  const at = location.hash.split("/")[1] || "";
  const tab = (name, text) => el("a", {href: "#/" + name, "aria-current": at === name || name === "" && at === "task" || name === "kept" && at === "draft" ? "page" : null}, text);
  const next = JSON.stringify([chosen.language, line, at, ctx.waiting]);
  if (next === headed) return;
  if (pressed) return void (owed = true);
  headed = next;
  $("head").replaceChildren(el("div", {class: "bar"}, el("b", null, say("app")), el("span", {class: "line line-" + line[0], id: "line"}, line[1]),
    ctx.session === "no" && el("a", {href: ctx.loginAddress, class: "button small"}, say("login"))),
  el("nav", {"aria-label": say("pages")}, tab("", say("day_title")), tab("kept", say("kept_title") + (ctx.waiting ? " (" + ctx.waiting + ")" : "")), tab("settings", say("settings"))));
}

// What comes and goes.

const firstPause = 10e3, longestPause = 300e3;
let knowing = null;
let trying = 0;
let pause = firstPause;

// again asks the server who is here, and does what follows; one question at a time. Where nobody answers it asks again
// after a while: a browser does not always know that it has a network.
function again() {
  clearTimeout(trying);
  knowing ||= know().catch(e => { ctx.problem = told(e); }).finally(() => { knowing = null; });
  return knowing.then(async () => {
    clearTimeout(trying);
    if (ctx.session === "away") trying = setTimeout(again, pause);
    pause = ctx.session === "away" ? Math.min(pause * 2, longestPause) : firstPause;
    await later();
  });
}

async function persist() {
  if (!navigator.storage || !navigator.storage.persist) return;
  ctx.persisted = await navigator.storage.persist() ? "yes" : "no";
}

async function setLanguage(n) {
  chosen.language = n;
  document.documentElement.lang = n ? "en" : "zh-CN";
  await store.put("about", n, "language");
  standing();
  await redraw();
  if (ctx.open && ctx.user) await refresh(); // what the server words itself, such as levels
}

// standing are the notes that stand as long as the page does.
function standing() {
  tell("plain", vault.able ? null : note("caution", say("plain_note")));
  tell("worker", ctx.worker === "unable" && vault.able ? note("caution", say("worker_note")) : null);
}

async function worker() {
  if (!navigator.serviceWorker) return;
  ctx.worker = "starting";
  try {
    await navigator.serviceWorker.register("/gate/worker.js", {scope: "/gate/", updateViaCache: "none"});
    await navigator.serviceWorker.ready;
    ctx.worker = "ready";
  } catch {
    ctx.worker = navigator.serviceWorker.controller ? "ready" : "unable"; // without network the one that is here goes on
  }
  standing();
  if (location.hash === "#/settings") await later();
}

// alone waits until no other tab has the page open; stolen is what happens once another takes it over.
function alone(options, stolen) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise(done => {
    let ours = false;
    navigator.locks.request("gate-page", options, () => {
      ours = true;
      done(true);
      return new Promise(() => {}); // until the page ends
    }).catch(() => ours ? stolen() : done(false));
  });
}

async function start() {
  chosen.language = await store.get("about", "language") ?? chosen.language;
  document.documentElement.lang = chosen.language ? "en" : "zh-CN";
  standing();
  worker();
  const taken = () => { leave(); $("main").replaceChildren(el("h1", null, say("app")), note("caution", say("moved")), button(say("here"), () => location.reload())); };
  if (!await alone({signal: AbortSignal.timeout(1500)}, taken)) {
    $("main").replaceChildren(el("h1", null, say("app")), note("caution", say("elsewhere")), button(say("here"), async () => {
      await alone({steal: true}, taken);
      await run();
    }, "main"));
    return;
  }
  await run();
}

async function run() {
  ctx.last = await store.get("about", "last");
  if (navigator.storage && navigator.storage.persisted) ctx.persisted = await navigator.storage.persisted() ? "yes" : "no";
  sync.listen(async s => {
    if (s.login) expired();
    if (!ctx.open) return;
    if (!s.running) await load();
    if (location.hash === "#/kept" || !s.running) await later();
    else paintHead();
  });
  addEventListener("pointerdown", () => { pressed = true; }, true);
  addEventListener("pointerup", released, true);
  addEventListener("pointercancel", released, true);
  addEventListener("focusout", () => setTimeout(() => { if (owed && !pressed) later(); }, 0), true);
  addEventListener("hashchange", async () => {
    await flush();
    moved = true;
    await redraw();
  });
  addEventListener("online", () => { pause = firstPause; again(); });
  addEventListener("offline", () => { ctx.session = ctx.session === "no" ? "no" : "away"; paintHead(); });
  addEventListener("pagehide", () => flush());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") flush();
    else if (ctx.session !== "yes") again();
  });
  addEventListener("beforeinstallprompt", e => { e.preventDefault(); ctx.install = () => e.prompt(); });
  if (!navigator.onLine) ctx.session = "away";
  await redraw();
  if (navigator.onLine) await again();
}

start().catch(e => $("main").replaceChildren(el("h1", null, say("app")), note("alarm", say("broken"), told(e))));
