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
  // Nobody opens what they were reading again because a number beside it moved.
  var open = {};
  document.addEventListener("htmx:sseBeforeMessage", function (e) {
    e.target.querySelectorAll("details").forEach(function (d, i) { open[e.target.id + i] = d.open; });
    var at = document.activeElement;
    if (at && e.target.contains(at) && /^(SELECT|INPUT|TEXTAREA)$/.test(at.tagName)) e.preventDefault();
  });
  document.addEventListener("htmx:sseMessage", function (e) {
    e.target.querySelectorAll("details").forEach(function (d, i) { d.open = !!open[e.target.id + i]; });
  });
  // What was refused is what one wants to mend first.
  var wrong = document.querySelector("[aria-invalid=true], .wrong input");
  if (wrong) wrong.focus();
})();
