// What lies here: drafts with how far each came, and what the server said of those that it has.
import {el, say, named, note, list, button, clock, size} from "./dom.js";
import {photoList, ordered} from "./parts.js";

function draftCard(ctx, draft, photos) {
  const there = photos.filter(p => p.state === "there").length;
  const on = ctx.sync.running && ctx.sync.draft === draft.client_id;
  const at = on ? photos.find(p => p.id === ctx.sync.photo) : null;
  return el("li", {class: "card card-" + draft.state, id: "draft-" + draft.client_id},
    el("h2", null, el("a", {href: "#/draft/" + draft.client_id}, draft.task.recipient_name || draft.task.recipient_id || say("no_task"))),
    el("p", null, el("span", {class: "tag"}, named("draft_state", draft.state)), " ", el("span", {class: "fine"}, say("began"), " ", clock(draft.started_at))),
    el("p", {class: "sync-line"}, photos.length ? say("photos_there", there, photos.length) : say("photos_none"),
      at ? " · " + say("photo_going", size(ctx.sync.sent), size(ctx.sync.size)) : ""),
    photos.length > 0 && el("details", null, el("summary", null, say("photos")), photoList(photos)),
    draft.state === "refused" && note("alarm", say("was_refused"), draft.problem, el("ul", null, draft.errors.map(e => el("li", null, e.path, say("colon"), e.message || say(e.key))))),
    draft.state === "conflict" && note("alarm", say("was_conflict"), draft.problem, against(draft, photos),
      el("p", {class: "buttons"}, button(say("as_new"), () => ctx.asNew(draft)), button(say("drop_draft"), () => ctx.dropDraft(draft), "quiet"))),
    el("p", {class: "buttons"}, el("a", {class: "button", href: "#/draft/" + draft.client_id}, say(draft.state === "writing" || draft.state === "refused" ? "go_on" : "look"))));
}

// against shows what was written here beside what the server has under the same id.
function against(draft, photos) {
  if (!draft.theirs) return null;
  const texts = new Map((draft.task.checklist || []).map(c => [c.measure_id, c.text]));
  const side = (title, one, files) => el("div", {class: "side"}, el("h3", null, title),
    list([...one.items.map((i, n) => [n + 1 + ". " + (texts.get(i.measure_id) || i.expected || say("item_own")),
      [named("result", i.result), i.value === "" || i.value === null || i.value === undefined ? "" : i.value + " " + i.unit, i.found, i.note].filter(Boolean).join(" ")]),
    [say("note"), one.note], [say("second"), one.with], [say("disposition"), named("disposition", one.disposition)], [say("due_label"), clock(one.due)],
    [say("photos"), files ? String(files) : ""]]));
  const theirs = new Set([...draft.theirs.evidence, ...draft.theirs.items.flatMap(i => i.evidence || [])]);
  return el("div", {class: "beside"}, side(say("written_here"), draft, photos.filter(p => p.place !== "signature").length),
    side(say("at_server", draft.theirs.id), draft.theirs, theirs.size));
}

// beside shows what somebody went by and what stands now, where the server remarked that the world had moved on.
function beside(ctx, one) {
  const now = ctx.day && ctx.day.tasks.find(t => t.id === one.task.id);
  const side = (title, task, gone) => el("div", {class: "side"}, el("h3", null, title), task ? [ordered(task.order),
    list([[say("state"), named("task_state", task.state)], [say("assignee"), task.assignee], [say("with"), task.with]])] : el("p", null, gone));
  return el("div", {class: "beside"}, side(say("then"), one.task, ""), side(say("now"), now, say("task_gone")));
}

function doneCard(ctx, one) {
  const a = one.answer;
  return el("li", {class: "card card-done"}, el("h2", null, one.task.recipient_name || one.task.recipient_id),
    el("p", null, say("confirmed_as"), " ", el("code", null, a.id), " · ", named("inspection_result", a.result), " · ", clock(a.received_at || one.at)),
    a.follow_up && el("p", null, say("follow_up", a.follow_up)),
    (a.remarks || []).length > 0 && note("caution", say("remarks"), el("ul", null, a.remarks.map(r => el("li", null, r.text || r.rule)))),
    (a.remarks || []).some(r => /^(order|task)_/.test(r.rule)) && beside(ctx, one),
    el("p", {class: "buttons"}, button(say("correct"), () => ctx.correct(one)), button(say("seen"), () => ctx.seen(one), "quiet")));
}

export function keptPage(ctx, photosOf) {
  const {drafts, done, sync, others} = ctx;
  return [el("h1", null, say("kept_title")),
    others.drafts > 0 && note("caution", say("others", others.drafts, others.users.join(say("comma")))),
    sync.problem && note("caution", sync.problem),
    el("p", {class: "buttons"}, button(sync.running ? say("sync_running") : say("sync_now"), ctx.syncNow, "main", {disabled: sync.running})),
    drafts.length ? el("ul", {class: "cards"}, drafts.map(d => draftCard(ctx, d, photosOf.get(d.client_id) || []))) : el("p", {class: "fine"}, say("kept_none")),
    done.length > 0 && el("section", null, el("h2", null, say("done_title")), el("ul", {class: "cards"}, done.map(d => doneCard(ctx, d))))];
}
