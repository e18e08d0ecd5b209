// What several pages show: who to call, how to get there, what is ordered, and photos.
import {el, say, named, button, list, note, clock, size} from "./dom.js";
import * as photos from "./photos.js";
import {Full} from "./store.js";
import {chart} from "./chart.js";

// told words what went wrong with something that was to be kept.
export function told(e) {
  if (e instanceof Full) return say("full");
  if (e instanceof photos.NotTaken) {
    return say(e.key, e.args[0], ...e.args.slice(1).map(n => typeof n === "number" ? size(n) : n));
  }
  return e.message || String(e);
}

// distance is between two places, in km, as the crow flies.
export function distance(a, b) {
  if (!a || !b) return null;
  const r = Math.PI / 180;
  const h = Math.sin((b.lat - a.lat) * r / 2) ** 2 + Math.cos(a.lat * r) * Math.cos(b.lat * r) * Math.sin((b.lon - a.lon) * r / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.sqrt(h));
}

export const kilometres = km => km === null ? "" : km < 1 ? say("metres", Math.round(km * 100) * 10) : say("km", km.toFixed(1));

// safe is an address of the settings, if it leads to a map and not into the page.
function safe(template, at, name) {
  const address = template.replace("{lon}", at.lon).replace("{lat}", at.lat).replace("{name}", encodeURIComponent(name));
  try {
    return /^(javascript|data|blob|vbscript|file):$/i.test(new URL(address).protocol) ? "" : address;
  } catch {
    return "";
  }
}

export function maps(task, day) {
  const at = task.position;
  if (!at) return task.address ? [] : [el("span", {class: "fine"}, say("no_position"))];
  const earth = task.position_wgs84 || at; // of geo: links (RFC 5870); maps of the settings are in the list's own system
  const point = earth.lat.toFixed(6) + "," + earth.lon.toFixed(6);
  const geo = `geo:${point}?q=${point}(${encodeURIComponent(task.recipient_name)})`;
  return [el("a", {class: "button", href: geo}, say("map")),
    ...(day.maps || []).map(m => [m.name, safe(m.href, at, task.recipient_name)]).filter(([, href]) => href)
      .map(([name, href]) => el("a", {class: "button", href, target: "_blank", rel: "noopener noreferrer"}, name))];
}

export const contacts = task => (task.contacts || []).filter(c => c.phone).map(c => el("a", {class: "button", href: "tel:" +
  c.phone.replace(/[^\d+]/g, "")}, say("call", c.name || named("contact", c.role)), " ", el("span", {class: "fine"}, c.phone)));

export const level = order => el("span", {class: "badge level-" + order.level}, order.level_name || order.level);

// ordered is the text of an order, with what it is.
export function ordered(order) {
  if (!order) return note("act", say("no_order"));
  return el("section", {class: "panel"}, el("h2", null, say("order")), el("p", null, level(order), " ", order.title),
    list([[say("document_no"), order.document_no], [say("order_state"), named("order_state", order.state)],
      [say("from"), clock(order.effective_from)], [say("until"), clock(order.ends_at)]]),
    order.text && el("details", null, el("summary", null, say("order_text")), el("p", {class: "prose"}, order.text)));
}

export function finding(f) {
  if (!f) return null;
  return el("section", {class: "panel"}, el("h2", null, say("finding")), list([[say("verdict"), named("verdict", f.verdict)],
    [say("criterion"), f.criterion], [say("measured"), f.measured === null || f.measured === undefined ? "" : f.measured + " " + (f.unit || "")],
    [say("limit"), f.limit === null || f.limit === undefined ? "" : f.limit + " " + (f.unit || "")],
    [say("from"), clock(f.from)], [say("failed"), f.failed], [say("explanation"), f.explanation]]));
}

// monitors are the charts of a measure's monitors; found draws a typed value across that of one, by its name.
export function monitors(measure) {
  const drawn = (measure.monitors || []).map(m => ({name: m.ref + "." + m.factor, ...chart(m)}));
  return {elements: drawn.map(d => d.element),
    found: (name, value) => drawn.forEach(d => d.found(d.name === name ? value : null))};
}

const progress = p => p.state === "there" ? say("photo_there") : p.state === "refused" ? say("photo_refused", p.error) :
  p.state === "uploading" ? say("photo_going", size(p.sent), size(p.size)) : say("photo_here");

// photoList are photos as they lie here, each with its small picture and how far it came.
export function photoList(list, removed) {
  return el("ul", {class: "photos"}, list.map(p => {
    const item = el("li", {class: "photo photo-" + p.state}, el("div", {class: "photo-text"}, el("b", null, p.name), " ", size(p.size),
      el("br"), el("span", {class: "photo-state"}, progress(p)), el("br"),
      p.hash ? el("code", null, "SHA-256 " + p.hash.slice(0, 16) + "…") : el("span", {class: "fine"}, say("photo_unhashed")),
      removed && button(say("remove"), () => removed(p), "quiet")));
    photos.picture(p).then(src => src && item.prepend(el("img", {src, alt: say("photo_alt", p.name), width: 96})),
      () => {}); // without a picture its name stands
    return item;
  }));
}

// picker takes photos of a draft at a place and shows them. changed hears of what is there now.
export function picker(draft, place, {most, position, changed}) {
  const box = el("div", {class: "picker"});
  let wrong = "";
  let busy = false;
  async function take(files) {
    busy = true;
    wrong = "";
    await paint();
    for (const file of files) {
      try {
        await photos.take(draft, place, file, {most: most(), position: position()});
      } catch (e) {
        wrong = told(e);
      }
    }
    busy = false;
    await paint();
    changed();
  }
  async function paint() {
    const mine = (await photos.of(draft.client_id)).filter(p => p.place === place);
    const input = (words, more) => {
      const file = el("input", {type: "file", accept: "image/*", class: "file", ...more, disabled: busy,
        onchange: () => { if (file.files.length) take([...file.files]); }});
      return el("label", {class: "button file-button"}, words, file);
    };
    box.replaceChildren(...[mine.length ? photoList(mine, async p => {
      await photos.drop(p.id);
      await paint();
      changed();
    }) : null, busy ? el("p", {role: "status"}, say("photo_keeping")) : null, wrong ? el("p", {class: "error", role: "alert"}, wrong) : null,
    el("p", {class: "buttons"}, input(say("photo_take"), {capture: "environment"}), input(say("photo_choose"), {multiple: true}))].filter(Boolean));
  }
  paint();
  return box;
}
