// An inspection read out before it is sent: everything, in words.
import {el, say, named, list, note, button, clock} from "./dom.js";
import {photoList} from "./parts.js";
import {lacking} from "./drafts.js";

export async function reviewPage(ctx, draft, photos) {
  const of = place => photos.filter(p => p.place === place);
  const lacks = lacking(draft, photos, draft.two_for || []);
  const item = (i, n) => el("li", {class: "panel review-" + (i.result || "none")}, el("h3", null, n + 1, ". ", i.text || say("item_own")),
    list([[say("expected"), i.expected], [say("result"), el("b", null, named("result", i.result) || say("open"))],
      [say("value"), i.value === "" ? "" : i.value + " " + i.unit], [say("found"), i.found], [say("vehicles"), i.vehicles], [say("note"), i.note],
      [say("photos"), i.had.length ? say("had", i.had.length) : ""]]),
    of("item:" + n).length > 0 && photoList(of("item:" + n)));
  const waiting = draft.state === "writing" || draft.state === "refused";
  const signed = of("signature");
  return [el("p", {class: "crumb"}, el("a", {href: "#/draft/" + draft.client_id}, say("back_to_draft"))), el("h1", null, say("review_title")),
    el("p", null, el("b", null, draft.task.recipient_name || draft.task.recipient_id), " ", draft.task.order && draft.task.order.title),
    draft.corrects && note("act", say("corrects", draft.corrects)),
    lacks.length > 0 && waiting && note("alarm", say("review_lacks"), el("ul", null, lacks.map(l => el("li", null, where(draft, l.path), say(l.key))))),
    draft.items.length > 0 && el("section", null, el("h2", null, say("checklist")), el("ol", {class: "plain"}, draft.items.map(item))),
    el("section", {class: "panel"}, el("h2", null, say("whole")), list([[say("note"), draft.note], [say("second"), draft.with], [say("position"), draft.position ?
      say("position_is", draft.position.lat.toFixed(5), draft.position.lon.toFixed(5), Math.round(draft.position.accuracy_m), clock(draft.position.at)) :
      say("position_" + (draft.position_state || "none"))],
    [say("disposition"), el("b", null, named("disposition", draft.disposition) || say("open"))], [say("due_label"), draft.due ? clock(draft.due) : ""],
    [say("reinspect"), draft.reinspect ? say("yes") : ""],
    [say("signature"), draft.signs === "refuses" ? say("refused_is", draft.refused) : draft.signs === "signs" ? draft.signer : say("open")],
    [say("began"), clock(draft.started_at)]]), of("whole").length > 0 && photoList(of("whole")), signed.length > 0 && draft.signs === "signs" && photoList(signed)),
    photos.some(p => !p.hash) && note("caution", say("review_unhashed")),
    el("p", {class: "buttons"}, waiting ? button(say("finish"), () => ctx.finish(draft), "main big", {disabled: lacks.length > 0}) : el("b", null, named("draft_state", draft.state)),
      waiting && el("a", {class: "button", href: "#/draft/" + draft.client_id}, say("back_to_draft")))];
}

// where names the part of a draft that a path is about.
function where(draft, path) {
  const at = /^items\[(\d+)\]/.exec(path);
  return at ? say("item_n", Number(at[1]) + 1) + say("colon") : "";
}
