// What the pages do better with a script; without it they do the same.
(function () {
  "use strict";
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
  // A tab that nobody looks at lets go of its stream: a browser has six connections to a host, and with six such tabs no other
  // page would come. Looked at again, it is given what it missed.
  htmx.createEventSource = function (url) {
    var inner = null, listeners = [], outer = { readyState: EventSource.CONNECTING };
    function connect() {
      inner = new EventSource(url);
      inner.onopen = function (e) { outer.readyState = inner.readyState; if (outer.onopen) outer.onopen(e); };
      inner.onerror = function (e) {
        outer.readyState = inner.readyState;
        if (inner.readyState === EventSource.CLOSED) outer.close(); // another one takes its place
        if (outer.onerror) outer.onerror(e);
      };
      listeners.forEach(function (l) { inner.addEventListener(l[0], l[1]); });
    }
    function look() {
      if (!document.hidden && !inner) connect();
      if (document.hidden && inner) { inner.close(); inner = null; }
    }
    outer.addEventListener = function (name, fn) { listeners.push([name, fn]); if (inner) inner.addEventListener(name, fn); };
    outer.removeEventListener = function (name, fn) {
      listeners = listeners.filter(function (l) { return l[0] !== name || l[1] !== fn; });
      if (inner) inner.removeEventListener(name, fn);
    };
    outer.close = function () {
      document.removeEventListener("visibilitychange", look);
      outer.readyState = EventSource.CLOSED;
      if (inner) inner.close();
    };
    document.addEventListener("visibilitychange", look);
    look();
    return outer;
  };
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
  // what has an id; what is unfolded has none.
  var open = {}, focused = {};
  function keep(part) {
    focused[part.id] = -1;
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
  // What was refused is what one wants to mend first.
  var wrong = document.querySelector("[aria-invalid=true], .wrong input");
  if (wrong) wrong.focus();
})();
