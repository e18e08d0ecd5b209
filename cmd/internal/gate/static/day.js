// The tasks of the day, and one of them.
import {el, say, named, note, list, clock, button} from "./dom.js";
import {maps, contacts, distance, kilometres, ordered, finding, monitors, level} from "./parts.js";

const unplaced = 1e9;

// sorted are the tasks in the order of the route, those without a place in it behind.
export const sorted = tasks => [...tasks].sort((a, b) => (a.route || unplaced) - (b.route || unplaced) || (a.due < b.due ? -1 : 1));

const chip = (text, kind = "") => text ? el("span", {class: "tag " + kind}, text) : null;

function card(task, day, before, drafts) {
  const draft = drafts.find(d => d.task.id === task.id);
  const km = kilometres(distance(before, task.position));
  return el("li", {class: "card" + (task.order ? " edge level-" + task.order.level : "")},
    el("a", {class: "card-link", href: "#/task/" + encodeURIComponent(task.id)},
      el("span", {class: "route"}, task.route || "·"),
      el("span", {class: "card-text"}, el("b", null, task.recipient_name || task.recipient_id), " ", el("span", {class: "fine"}, task.town), el("br"),
        chip(named("task_state", task.state)), " ", chip(named("origin", task.origin)), " ",
        task.order && level(task.order), " ", draft && chip(say("has_draft"), "tag-time"), " ",
        el("span", {class: "fine"}, [task.due && say("due", clock(task.due)), km && say("on_the_way", km)].filter(Boolean).join(" · ")))),
    el("p", {class: "buttons"}, contacts(task).slice(0, 1), maps(task, day)));
}

export function dayPage(ctx) {
  const {day, drafts} = ctx;
  const head = el("h1", null, say("day_title"));
  if (!day) {
    return [head, note("caution", say(ctx.session === "no" ? "day_login" : "day_none")),
      ctx.session !== "no" && button(say("again"), ctx.refresh, "main")];
  }
  let before = day.office;
  const cards = sorted(day.tasks).map(task => {
    const made = card(task, day, before, drafts);
    before = task.position || before;
    return made;
  });
  return [head, el("p", {class: "fine"}, day.day, " · ", say("day_of", day.tasks.length), " · ", say("taken_at", clock(day.now))),
    cards.length ? el("ol", {class: "cards"}, cards) : note("act", say("day_empty")),
    el("p", {class: "buttons"}, button(say("refresh"), ctx.refresh), button(say("no_task"), ctx.beginBlank, "quiet"))];
}

function follows(task) {
  if (!task.follows) return null;
  return note("act", say("follows", clock(task.follows.at), named("disposition", task.follows.disposition)));
}

function measure(c) {
  return el("li", {class: "panel"}, el("h3", null, c.text), c.equipment && el("p", {class: "fine"}, c.equipment),
    el("p", {class: "expected"}, say("expected"), say("colon"), c.expected || "—"),
    clock(c.complete_by) && el("p", null, say("complete_by", clock(c.complete_by))),
    (c.evidence || []).length > 0 && el("p", {class: "fine"}, say("wants_evidence", c.evidence.join(say("comma")))), monitors(c).elements);
}

export function taskPage(ctx, id) {
  const task = ctx.day && ctx.day.tasks.find(t => t.id === id);
  const back = el("p", {class: "crumb"}, el("a", {href: "#/"}, say("day_title")));
  if (!task) return [back, el("h1", null, say("task")), note("caution", say("task_gone"))];
  const draft = ctx.drafts.find(d => d.task.id === id);
  return [back, el("h1", null, task.recipient_name || task.recipient_id),
    list([[say("state"), named("task_state", task.state)], [say("origin"), named("origin", task.origin)], [say("town"), task.town],
      [say("address"), task.address], [say("due_at"), task.due ? clock(task.due) : ""], [say("with"), task.with], [say("note"), task.note]]),
    el("p", {class: "buttons"}, contacts(task), maps(task, ctx.day)),
    el("p", {class: "buttons"}, draft ? el("a", {class: "button main big", href: "#/draft/" + draft.client_id}, say("go_on")) :
      button(say("begin"), () => ctx.begin(task), "main big")),
    task.missing && note("caution", task.missing), follows(task), ordered(task.order), finding(task.finding),
    (task.checklist || []).length > 0 && el("section", null, el("h2", null, say("checklist")), el("ol", {class: "plain"}, task.checklist.map(measure))),
    (task.earlier || []).length > 0 && el("section", {class: "panel"}, el("h2", null, say("earlier")), el("ul", null, task.earlier.map(e =>
      el("li", null, clock(e.at), " ", e.inspector, say("colon"), named("inspection_result", e.result), " ", named("disposition", e.disposition)))))];
}
