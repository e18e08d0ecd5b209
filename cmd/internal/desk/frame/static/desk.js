// What the pages do better with a script; without it they do the same.
(function () {
  "use strict";
  // A logout says first how many inspections of its user wait on this device to be uploaded; the page of /gate/ keeps them.
  var out = document.getElementById("logout");
  function unsent(user) {
    if (!window.indexedDB || !indexedDB.databases) return Promise.resolve(0);
    return indexedDB.databases().then(function (all) {
      return !all.some(function (d) { return d.name === "qingkong-gate"; }) ? 0 : new Promise(function (done, fail) {
        var asked = indexedDB.open("qingkong-gate");
        asked.onerror = fail;
        asked.onsuccess = function () {
          var db = asked.result, n = db.transaction("drafts").objectStore("drafts").index("user").count(user);
          n.onsuccess = function () { db.close(); done(n.result); };
          n.onerror = fail;
        };
      });
    }).catch(function () { return 0; }); // what cannot be read is not said, and is kept all the same
  }
  if (out) out.addEventListener("submit", function (e) {
    if (out.dataset.asked) {
      try { sessionStorage.clear(); } catch (e) { /* nothing is kept then */ }
      return;
    }
    e.preventDefault();
    out.dataset.asked = "1";
    unsent(out.dataset.user).then(function (n) {
      if (!n) return out.requestSubmit();
      var note = document.createElement("p");
      note.className = "note note-caution";
      note.setAttribute("role", "alert");
      note.textContent = out.dataset.waits.replace("#", n);
      out.prepend(note);
      out.querySelector("button").textContent = out.dataset.anyway;
    });
  });
  // A form is sent once, however often it is clicked. Its idempotency key sees to it on the server as well.
  document.addEventListener("submit", function (e) {
    var form = e.target;
    if (form.method !== "post" || e.defaultPrevented) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    form.classList.add("sent");
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (f) { delete f.dataset.sent; f.classList.remove("sent"); });
  });
  // Whether what is shown is kept up to date.
  var state = document.getElementById("live-state");
  function say(on) {
    if (!state) return;
    state.textContent = on ? state.dataset.kept : state.dataset.lost;
    state.className = on ? "live-on" : "live-off";
  }
  document.addEventListener("htmx:sseOpen", function () { say(true); });
  document.addEventListener("htmx:sseError", function () { say(false); });
  document.addEventListener("htmx:sseClose", function (e) {
    say(false);
    if (state && e.detail && e.detail.type === "message") state.textContent = state.dataset.over; // the session is over
  });
  // Nobody opens what they were reading again because a number beside it moved, nor looks for the focus. htmx keeps that of
  // what has an id; what is unfolded has none. Nor is the focus of a keyboard pushed out of sight by what came above it.
  var open = {}, focused = {}, aside = {}, inSight = false;
  function seen() {
    var at = document.activeElement, r = at && at !== document.body && at.matches(":focus-visible") && at.getBoundingClientRect();
    return !!r && r.bottom > 0 && r.top < innerHeight;
  }
  function keep(part) {
    focused[part.id] = -1;
    inSight = seen();
    part.querySelectorAll(".scroll-x").forEach(function (s, i) { aside[part.id + i] = s.scrollLeft; });
    part.querySelectorAll("details").forEach(function (d, i) {
      open[part.id + i] = d.open;
      if (d.firstElementChild === document.activeElement) focused[part.id] = i;
    });
  }
  function restore(part) {
    part.querySelectorAll("details").forEach(function (d, i) {
      d.open = !!open[part.id + i];
      if (focused[part.id] === i) d.firstElementChild.focus({ preventScroll: true });
    });
    part.querySelectorAll(".scroll-x").forEach(function (s, i) { s.scrollLeft = aside[part.id + i] || 0; });
    if (inSight && !seen()) document.activeElement.scrollIntoView({ block: "nearest" });
  }
  // What arrives for a part in which somebody is pressing or choosing something waits until they are done: what is replaced
  // between the button's way down and up is not clicked.
  var waiting = {}, pressed = null;
  function busy(part) {
    var at = document.activeElement;
    return pressed && part.contains(pressed) || at && part.contains(at) && /^(SELECT|INPUT|TEXTAREA)$/.test(at.tagName);
  }
  function catchUp() {
    Object.keys(waiting).forEach(function (id) {
      var part = document.getElementById(id), text = waiting[id];
      if (!part || busy(part)) return;
      delete waiting[id];
      keep(part);
      htmx.swap(part, text, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
      restore(part);
    });
  }
  function released() { setTimeout(function () { pressed = null; catchUp(); }, 0); } // after the click
  document.addEventListener("pointerdown", function (e) { pressed = e.target; });
  document.addEventListener("pointerup", released);
  document.addEventListener("pointercancel", released);
  document.addEventListener("focusout", function () { setTimeout(catchUp, 0); });
  document.addEventListener("htmx:sseBeforeMessage", function (e) {
    delete waiting[e.target.id];
    if (busy(e.target)) {
      waiting[e.target.id] = e.detail.data;
      e.preventDefault();
      return;
    }
    keep(e.target);
  });
  document.addEventListener("htmx:sseMessage", function (e) { restore(e.target); });
  // A part that asks for itself again keeps what it has when the answer is another page, such as the login's, or none; the
  // time that stands in it tells how old it is. What was pressed in it is let go of first.
  document.addEventListener("htmx:beforeSwap", function (e) {
    var part = e.detail.target;
    if (!part || !part.classList.contains("polled")) return;
    var at = new URL(e.detail.xhr.responseURL || location.href, location.href).pathname;
    if (at !== location.pathname || e.detail.xhr.status !== 200 || busy(part)) e.detail.shouldSwap = false;
  });
  // What waits is counted in the title of the tab, and more of it rings once, in one tab whose sound was armed.
  var queue = document.getElementById("queue-n"), alarm = document.getElementById("alarm"), title = document.title.replace(/^\(\d+\) /, "");
  function count() { var n = queue && queue.querySelector("[data-n]"); return n ? +n.dataset.n : 0; }
  var before = count(), audio = null;
  function armed() { return audio && audio.state === "running"; }
  function sayAlarm() {
    if (!alarm) return;
    alarm.hidden = false;
    alarm.querySelector("[data-sound]").textContent = armed() ? alarm.dataset.soundOn : alarm.dataset.soundOff;
  }
  function beep() {
    if (!armed()) return;
    [0, 0.35, 0.7].forEach(function (at) {
      var tone = audio.createOscillator(), loud = audio.createGain();
      tone.frequency.value = 880;
      loud.gain.setValueAtTime(0.2, audio.currentTime + at);
      loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.3);
      tone.connect(loud);
      loud.connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.3);
    });
  }
  function show(text) {
    if (window.qkLeads() && window.Notification && Notification.permission === "granted") new Notification(title, { body: text, tag: "qk" });
  }
  if (alarm) {
    document.addEventListener("click", function () {
      if (!audio && window.AudioContext) audio = new AudioContext();
      if (audio) audio.resume().then(function () { sayAlarm(); if (armed()) window.qkArmed(); });
    }, { capture: true });
    var ask = alarm.querySelector("button"), why = alarm.querySelector("[data-why]");
    if (!window.isSecureContext || !window.Notification) { ask.hidden = true; why.hidden = false; }
    else if (Notification.permission === "granted") ask.hidden = true;
    else ask.addEventListener("click", function () { Notification.requestPermission().then(function (p) { ask.hidden = p === "granted"; }); });
    sayAlarm();
  }
  document.addEventListener("qk:ring", beep);
  document.addEventListener("htmx:sseMessage", function (e) {
    if (e.target.id !== "queue-n") return;
    var n = count();
    document.title = (n ? "(" + n + ") " : "") + title;
    if (n > before && alarm) { window.qkRing(armed()); show(alarm.dataset.waits.replace("0", n)); }
    before = n;
  });
  document.addEventListener("qk:ended", function (e) {
    var text = state ? (e.detail === "over" ? state.dataset.over : state.dataset.lost) : alarm && (e.detail === "over" ? alarm.dataset.over : alarm.dataset.lost);
    document.title = "⚠ " + (text || "") + " · " + title;
    if (e.detail === "over") beep(); else window.qkRing(armed());
    if (text) show(text);
  });
  // What was refused is what one wants to mend first.
  var wrong = document.querySelector("[aria-invalid=true], .wrong input");
  if (wrong) wrong.focus();
})();
