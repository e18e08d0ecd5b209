// What waits here goes to the server: of one draft after another first the photos, then the inspection. It runs when the
// network is back, by a timer whose pauses grow, and when somebody asks; never as another user than whose drafts they are.
import * as drafts from "./drafts.js";
import * as photos from "./photos.js";
import {upload} from "./upload.js";
import {call, Away, Refused} from "./api.js";
import {Locked} from "./vault.js";
import {say} from "./dom.js";

const first = 5e3, longest = 300e3; // pauses between tries, in ms

// state is what the page shows: how it stands, and of which draft what is on its way.
export const state = {running: false, problem: "", next: 0, draft: "", photo: "", sent: 0, size: 0};

let hear = () => {};
let timer = 0;
let pause = first;
let user = "";

export const listen = fn => { hear = fn; };

// as says whose drafts may be sent: the user whose session the server knows; empty for nobody.
export function as(who) {
  user = who;
  clearTimeout(timer);
  pause = first;
  if (who) soon(0);
}

function soon(wait) {
  clearTimeout(timer);
  state.next = Date.now() + wait;
  timer = setTimeout(run, wait);
}

// now is that somebody asks, or that the network is back.
export function now() {
  pause = first;
  if (user && !state.running) soon(0);
}

const show = more => { Object.assign(state, more); hear(state); };

// run sends what waits. At one time it runs in one page alone.
async function run() {
  if (state.running || !user) return;
  show({running: true, problem: ""});
  let again = 0;
  try {
    const work = () => everything(user);
    if (navigator.locks) await navigator.locks.request("gate-sync", {ifAvailable: true}, lock => lock ? work() : null);
    else await work();
    pause = first;
  } catch (e) {
    again = told(e);
  }
  show({running: false, draft: "", photo: ""});
  if (again) soon(again);
}

// told words why sending stopped, and says after how long it is tried again; 0 for not by itself.
function told(e) {
  const wait = Math.max(pause, e.retryAfter || 0) * (0.8 + Math.random() * 0.4);
  pause = Math.min(pause * 2, longest);
  if (e instanceof Away) {
    show({problem: say("sync_away")});
    return wait;
  }
  if (e instanceof Locked) return 0;
  if (e instanceof Refused && e.status === 401) {
    show({problem: say("sync_login")});
    user = "";
    hear({...state, login: true});
    return 0;
  }
  show({problem: e.message});
  return e instanceof Refused ? wait : 0;
}

async function everything(who) {
  for (const draft of await drafts.of(who)) {
    if (draft.state !== "ready" && draft.state !== "sending") continue;
    if (who !== user) return; // somebody logged out meanwhile
    await one(draft);
  }
}

// passing says that a refusal is not about what was sent: it is tried again as it is.
const passing = e => !(e instanceof Refused) || e.status === 401 || e.status === 429 || e.status >= 500 || e.status === 408;

async function one(draft) {
  const mine = await photos.of(draft.client_id);
  for (const photo of mine) {
    if (photo.state === "there") continue;
    try {
      await upload(photo, p => show({draft: draft.client_id, photo: p.id, sent: p.sent, size: p.size}));
    } catch (e) {
      const broken = e instanceof photos.NotTaken || e instanceof DOMException;
      if (!broken && passing(e)) throw e;
      await back(draft, photo, broken ? say("photo_broken", photo.name) : e.message);
      return;
    }
  }
  show({draft: draft.client_id, photo: "", sent: 0, size: 0});
  await hand(draft, mine);
}

// back returns a draft to whoever writes it: a photo of it is refused, or cannot be read any more.
async function back(draft, photo, why) {
  photo.state = "refused";
  photo.error = why;
  await photos.save(photo);
  draft.state = "refused";
  draft.problem = why;
  draft.errors = [];
  await drafts.save(draft, ["ready", "sending"]);
}

// other is the inspection that the server has under a draft's id, where that is why it refused; null where something else is.
async function other(draft, e) {
  const id = /I\d{8}-\d{5,}/.exec(e.message);
  if (!id) return null;
  try {
    const theirs = await call("GET", "inspections/" + id[0]);
    return theirs.client_id === draft.client_id ? theirs : null;
  } catch (no) {
    if (passing(no)) throw no; // it is asked again as it is
    return null;
  }
}

async function hand(draft, mine) {
  // From here on its outcome is the server's to know. Somebody may have taken it back to change it.
  const tried = draft.state === "sending";
  if (!await drafts.move(draft, ["ready", "sending"], "sending")) return;
  try {
    const answer = await call("POST", "inspections", drafts.body(draft, mine), {headers: {"Idempotency-Key": draft.client_id}});
    if (!answer || !answer.id) throw new Away("an answer without an id");
    await drafts.confirmed(draft, answer);
  } catch (e) {
    if (!tried && (e.status === 401 || e.status === 429)) await drafts.move(draft, ["sending"], "ready"); // surely not taken
    if (passing(e)) throw e;
    draft.theirs = e.status === 409 ? await other(draft, e) : null;
    draft.state = draft.theirs ? "conflict" : "refused";
    draft.problem = e.message;
    draft.errors = e.errors;
    const lost = e.errors.some(one => one.rule === "evidence.not_found");
    for (const photo of lost ? mine : []) { // the server has them no more: they go again
      photo.state = "here";
      photo.upload = photo.evidence = "";
      await photos.save(photo);
    }
    await drafts.save(draft);
  }
}
