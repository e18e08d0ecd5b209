// What the page keeps and how: the PIN, what lies here, whether the browser will keep it, the language, and the way out.
import {el, say, field, note, list, button, size, chosen} from "./dom.js";
import * as vault from "./vault.js";

const pinMost = 64, pinLeast = 6;

// pinForm takes a PIN twice.
export function pinForm(ctx, has) {
  const one = el("input", {type: "password", inputmode: "numeric", autocomplete: "new-password", maxlength: pinMost, id: "pin-new"});
  const two = el("input", {type: "password", inputmode: "numeric", autocomplete: "new-password", maxlength: pinMost, id: "pin-again"});
  const said = el("p", {class: "error", role: "alert"});
  return el("form", {class: "pin", onsubmit: async e => {
    e.preventDefault();
    if (one.value.length < pinLeast) return void (said.textContent = say("pin_short", pinLeast));
    if (/^(.)\1*$/.test(one.value) || "01234567890 09876543210".includes(one.value)) return void (said.textContent = say("pin_weak"));
    if (one.value !== two.value) return void (said.textContent = say("pin_differs"));
    said.textContent = say("pin_working");
    try {
      await vault.setPin(ctx.owner, one.value);
      await ctx.redraw(say("pin_set"));
    } catch (e) {
      said.textContent = e.message;
    }
  }}, field(say("pin_new"), one, {hint: say("pin_hint", pinLeast)}), field(say("pin_again"), two), said,
  el("button", {class: "main"}, say(has ? "pin_change" : "pin_save")));
}

// unlockForm asks for the PIN that opens what lies here.
export function unlockForm(ctx, user, opened) {
  const pin = el("input", {type: "password", inputmode: "numeric", autocomplete: "current-password", maxlength: pinMost, id: "pin", required: true});
  const said = el("p", {class: "error", role: "alert"});
  const go = el("button", {class: "main big"}, say("unlock"));
  return el("form", {class: "pin panel", onsubmit: async e => {
    e.preventDefault();
    said.textContent = "";
    go.disabled = true;
    try {
      await vault.openByPin(user, pin.value);
      await opened();
    } catch (e) {
      pin.value = "";
      said.textContent = e instanceof vault.Wrong ? e.wait ? say("pin_wait", Math.ceil(e.wait / 1000)) : say("pin_wrong") : e.message;
      pin.focus();
    } finally {
      go.disabled = false;
    }
  }}, field(say("pin_for", user), pin), said, go);
}

export async function settingsPage(ctx) {
  const keys = ctx.owner ? await vault.keysOf(ctx.owner) : null;
  const estimate = navigator.storage && navigator.storage.estimate ? await navigator.storage.estimate() : {};
  const language = el("select", {onchange: () => ctx.setLanguage(Number(language.value))}, ["中文", "English"].map((name, i) => el("option", {value: i, selected: i === chosen.language}, name)));
  return [el("h1", null, say("settings")),
    el("section", {class: "panel"}, el("h2", null, say("pin")),
      !vault.able ? note("caution", say("plain_kept")) : !ctx.open ? el("p", null, say("pin_closed")) :
        [el("p", null, say(keys && keys.pin ? "pin_is_set" : "pin_is_not")), pinForm(ctx, keys && keys.pin)]),
    el("section", {class: "panel"}, el("h2", null, say("stored")),
      list([[say("drafts"), String(ctx.drafts.length)], [say("days"), ctx.day ? ctx.day.day + say("comma") + say("day_of", ctx.day.tasks.length) : say("none")],
        [say("usage"), estimate.usage === undefined ? "" : size(estimate.usage) + (estimate.quota ? " / " + size(estimate.quota) : "")],
        [say("encrypted"), say(vault.able ? "yes_encrypted" : "not_encrypted")],
        [say("persisted"), say("persisted_" + ctx.persisted)], [say("offline"), say("worker_" + ctx.worker)]]),
      el("p", {class: "fine"}, say("stored_hint")), ctx.persisted === "no" && button(say("persist_ask"), ctx.persist)),
    el("section", {class: "panel"}, el("h2", null, say("install")), el("p", null, say("install_hint")), ctx.install && button(say("install"), ctx.install, "main")),
    el("section", {class: "panel"}, field("语言 Language", language),
      el("p", null, ctx.user ? say("logged_in", ctx.user.name || ctx.user.user) : say("logged_out")),
      el("p", {class: "buttons"}, ctx.user ? button(say("logout"), ctx.logout) : el("a", {class: "button", href: ctx.loginAddress}, say("login")),
        el("a", {class: "button quiet", href: "/desk"}, say("desk"))))];
}
