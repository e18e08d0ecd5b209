// One tab of a browser holds the stream of all of them and passes on what comes: a browser has six connections to a host,
// and tabs that nobody looks at have to be kept up to date as well. Without BroadcastChannel each tab has its own.
(function () {
  "use strict";
  var KEY = "qk-live-" + (document.body.dataset.user || ""); // who logs in after another has tabs of their own
  var FRESH = 40000, AWAY = 60000;
  var me = Date.now().toString(36) + Math.random().toString(36).slice(2);
  var channel = window.BroadcastChannel ? new BroadcastChannel(KEY) : null;
  var outers = [], tabs = {}, source = null, leading = false, open = false, over = false, lostAt = Date.now(), retry = 0, told = false, soon = 0, armedHere = false;

  function record() {
    try { return JSON.parse(localStorage.getItem(KEY)) || null; } catch (e) { return null; }
  }
  function write(rec) {
    try { if (rec) localStorage.setItem(KEY, JSON.stringify(rec)); else localStorage.removeItem(KEY); } catch (e) { /* no store: each tab leads */ }
  }
  function post(m) { m.id = me; if (channel) channel.postMessage(m); }
  function wants() { return outers.map(function (o) { return o.want; }); }
  var MOST = 12; // pages of one stream; one beyond them says that it is as it was when it was opened
  function all() {
    var list = wants();
    Object.keys(tabs).forEach(function (id) { tabs[id].wants.forEach(function (w) { if (list.indexOf(w) < 0) list.push(w); }); });
    function single(w) { return /(^|&)page=order(&|$)/.test(w) ? 1 : 0; } // somebody may open many, and watches the whole beside
    list.sort(function (a, b) { return single(a) - single(b); });
    return list.slice(0, MOST);
  }
  function hand(want, name, data) {
    outers.forEach(function (o) {
      if (want !== "*" && want !== o.want) return;
      (o.listeners[name] || []).slice().forEach(function (fn) { fn(new MessageEvent(name, { data: data })); });
    });
  }
  function state(on, served) {
    if (on !== open) lostAt = Date.now();
    open = on;
    if (on) told = false;
    outers.forEach(function (o) {
      var live = on && served.indexOf(o.want) >= 0;
      if (on && !live && served.length < MOST) return; // the stream is being opened anew, with this page in it
      if (live === o.live && !live) return;
      o.live = live;
      o.readyState = live ? EventSource.OPEN : EventSource.CONNECTING;
      var fn = live ? o.onopen : o.onerror;
      if (fn) fn(new Event(live ? "open" : "error"));
    });
  }
  function drop() {
    if (source) source.close();
    source = null;
    leading = false;
  }
  function ended() {
    if (leading) write(null);
    drop();
    over = true;
    open = false;
    hand("*", "over", "");
    document.dispatchEvent(new CustomEvent("qk:ended", { detail: "over" }));
  }
  function want() { post({ t: "want", wants: wants(), armed: armedHere }); }
  function connect() { clearTimeout(soon); soon = setTimeout(reopen, 50); } // several tabs may say what they want at once
  function reopen() {
    if (source) source.close();
    if (over || !leading) return;
    var list = all();
    source = new EventSource("/desk/live?" + list.map(function (w) { return "of=" + encodeURIComponent(w); }).join("&"));
    source.onopen = function () { retry = 0; state(true, list); post({ t: "state", open: true, wants: list }); };
    var mine = source;
    source.onerror = function () { // a page that is being left ends its stream too: it is not there any more a moment later
      setTimeout(function () {
        if (mine !== source || mine.readyState === EventSource.OPEN) return;
        state(false, []);
        post({ t: "state", open: false, wants: [] });
        if (mine.readyState !== EventSource.CLOSED) return; // it comes back by itself
        retry = Math.min(retry + 1, 5);
        setTimeout(connect, 1000 * Math.pow(2, retry));
      }, 500);
    };
    source.addEventListener("part", function (e) {
      var at = e.data.indexOf("\n"), head = (at < 0 ? e.data : e.data.slice(0, at)).split(" "), text = at < 0 ? "" : e.data.slice(at + 1);
      var want = head[0] === "*" ? "*" : list[+head[0]];
      hand(want, head[1], text);
      post({ t: "event", want: want, name: head[1], data: text });
      beat();
    });
    source.addEventListener("beat", beat);
    source.addEventListener("over", function () { post({ t: "over" }); ended(); });
  }
  function beat() { if (leading) { write({ id: me, at: Date.now() }); post({ t: "beat" }); } }
  function lead() {
    if (leading || over || !outers.length) return;
    leading = true;
    beat();
    post({ t: "who" });
    connect();
  }
  function follow() {
    drop();
    want();
  }
  function join() {
    var rec = record();
    if (!channel || !rec || rec.id === me || Date.now() - rec.at > FRESH) { lead(); return; }
    var heard = false;
    function answer(e) { if (e.data.t === "state" || e.data.t === "event" || e.data.t === "beat") heard = true; }
    channel.addEventListener("message", answer);
    want();
    setTimeout(function () { channel.removeEventListener("message", answer); if (!heard) lead(); }, 1500);
  }
  if (channel) channel.onmessage = function (e) {
    var m = e.data;
    if (over) return; // what comes is of another login
    switch (m.t) {
    case "want":
      var known = tabs[m.id];
      tabs[m.id] = { wants: m.wants, armed: m.armed };
      if (leading) { post(open ? { t: "state", open: true, wants: all() } : { t: "beat" }); if (!known || known.wants.join() !== m.wants.join()) connect(); }
      break;
    case "bye":
      delete tabs[m.id];
      if (!leading && m.led) setTimeout(function () {
        var rec = record();
        if (!rec || rec.id === m.id || Date.now() - rec.at > FRESH) lead();
      }, Math.random() * 300);
      break;
    case "beat":
      if (leading && m.id < me) follow();
      else if (leading) beat1(m.id);
      break;
    case "who":
      if (!leading && outers.length) want();
      break;
    case "event": if (!leading) hand(m.want, m.name, m.data); break;
    case "state": if (!leading) state(m.open, m.wants); break;
    case "over": ended(); break;
    case "ring": if (m.tab === me) document.dispatchEvent(new CustomEvent("qk:ring")); break;
    case "armed": if (tabs[m.id]) tabs[m.id].armed = true; break;
    }
  };
  function beat1(other) { if (other > me) post({ t: "beat" }); } // so that the other one steps down
  setInterval(function () {
    if (over || !outers.length) return;
    var rec = record();
    if (leading) { if (open) beat(); } else if (channel && (!rec || Date.now() - rec.at > FRESH)) lead();
    if (!open && !told && Date.now() - lostAt > AWAY) {
      told = true;
      document.dispatchEvent(new CustomEvent("qk:ended", { detail: "away" }));
    }
  }, 5000);
  window.addEventListener("pagehide", function () {
    if (leading) write(null);
    post({ t: "bye", led: leading });
    drop();
  });
  window.addEventListener("pageshow", function (e) { if (e.persisted && outers.length && !over) join(); });

  // What htmx takes for an EventSource: the part of the stream that is about its page.
  htmx.createEventSource = function (url) {
    var outer = { want: url.slice(url.indexOf("?") + 1), listeners: {}, live: false, readyState: EventSource.CONNECTING };
    outer.addEventListener = function (name, fn) { (outer.listeners[name] = outer.listeners[name] || []).push(fn); };
    outer.removeEventListener = function (name, fn) {
      outer.listeners[name] = (outer.listeners[name] || []).filter(function (f) { return f !== fn; });
    };
    outer.close = function () {
      outer.readyState = EventSource.CLOSED;
      outers = outers.filter(function (o) { return o !== outer; });
    };
    outers.push(outer);
    setTimeout(function () { if (leading) connect(); else join(); }, 0); // once its listeners are there
    return outer;
  };

  // Which tab of those whose sound was armed rings: one alone.
  window.qkRing = function (armed) {
    if (!leading) return;
    var ids = Object.keys(tabs).filter(function (id) { return tabs[id].armed; });
    if (armed) ids.push(me);
    ids.sort();
    if (!ids.length) return;
    if (ids[0] === me) document.dispatchEvent(new CustomEvent("qk:ring"));
    else post({ t: "ring", tab: ids[0] });
  };
  window.qkArmed = function () { armedHere = true; post({ t: "armed" }); };
  window.qkLeads = function () { return leading; };
})();
