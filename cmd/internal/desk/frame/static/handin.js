// The files of a form go to the server in pieces, over lines that break, and then the form goes with their hashes in the place of
// their bytes. What was typed and chosen stays on the page until the server has taken it. Without this script the form sends its
// file itself.
import {ask, refusal, Away, Refused, Stopped, prefix} from "./api.js";
import {upload} from "./tus.js";

const first = 1e3, longest = 30e3; // pauses between tries over a line that is down, in ms
const tries = 12; // of them without a byte getting through
const hashed = 20e6; // bytes that are hashed here at most: WebCrypto takes a file whole
const hashes = Boolean(window.crypto && crypto.subtle); // a plain HTTP address gives none

const el = (name, is = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(is)) made[key] = value;
  made.append(...children);
  return made;
};
const fill = (text, args) => text.replace(/\{(\w+)\}/g, (_, name) => String(args[name]));
const sizeOf = n => n < 1 << 10 ? n + " B" : n < 1 << 20 ? (n >> 10) + " KB" : (n / (1 << 20)).toFixed(1) + " MB";
const same = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
const hex = buffer => [...new Uint8Array(buffer)].map(b => b.toString(16).padStart(2, "0")).join("");

// marked is a number that stands for a name in a key.
const marked = text => [...text].reduce((n, c) => (Math.imul(n, 31) + c.codePointAt(0)) >>> 0, 7).toString(36);

// Unread says that the browser cannot read a file any more: it was moved or changed since it was chosen.
class Unread extends Error {}

const read = async (blob, from, most) => {
  try {
    return new Blob([await blob.slice(from, from + most).arrayBuffer()]);
  } catch {
    throw new Unread();
  }
};

// passing says that a refusal is not about what was sent: the same again, a little later, may be taken.
const passing = e => e instanceof Away || e instanceof Refused && (e.status >= 500 || e.status === 404 || e.status === 408 ||
  e.status === 429 && e.retryAfter <= 60e3);

// mine says that a refusal is about one file. The others go on.
const mine = e => e instanceof Unread || e instanceof Refused && e.status < 500 && ![401, 403, 404, 408].includes(e.status);

// A file that was chosen. Its upload has a key by what it is, so that it goes on after the page was opened anew, and twice the
// same is once.
async function chosenOf(file, moved) {
  const about = {filename: file.name};
  if (hashes && file.size <= hashed) about.sha256 = hex(await crypto.subtle.digest("SHA-256", await (await read(file, 0, file.size)).arrayBuffer()));
  const what = about.sha256 || file.size.toString(36) + "-" + file.lastModified.toString(36);
  return {size: file.size, about, address: "", key: "desk-" + what + "-" + marked(file.name),
    part: (from, most) => read(file, from, most), begun: () => {}, moved};
}

class HandIn {
  constructor(field) {
    this.field = field;
    this.form = field.closest("form");
    this.words = JSON.parse(field.dataset.words);
    this.input = field.querySelector("input[type=file]");
    this.had = this.form.querySelector("fieldset.handed"); // what was handed in for this form already
    this.all = []; // what was chosen and is not handed in: {file, row, error, final, tus}
    this.busy = null; // ends what is on its way
    this.posting = false; // the form itself is
    this.now = null; // the file that is
    this.bytes = 0; // that got through, to tell a line that is slow from one that is down
    this.list = el("ul", {className: "chosen"});
    this.said = el("p", {className: "handin-said"});
    this.said.setAttribute("role", "status");
    this.stop = el("button", {type: "button", hidden: true, textContent: this.words.stop, onclick: () => this.busy.abort()});
    this.field.append(this.list, el("div", {className: "file-row"}, this.said, this.stop));
    this.buttons = this.form.querySelectorAll("button:not([type=button])");
    this.input.multiple = true;
    this.field.querySelector(".hint").textContent = this.words.hint;
    this.input.addEventListener("change", () => this.chose());
    this.form.addEventListener("submit", e => {
      e.preventDefault();
      this.send(e.submitter);
    });
    this.kept = "qk-typed " + (document.body.dataset.user || "") + " " + new URL(this.form.action).pathname;
    this.note = this.form.querySelector("textarea");
    this.restore();
    if (this.note) this.note.addEventListener("input", () => { if (this.busy) this.keep(false); });
    window.addEventListener("pageshow", e => { if (e.persisted) this.idle(""); });
    if (this.input.files.length) this.chose(); // before this script was there
  }

  // What was typed survives a browser that drops the page while its files go up; where nothing may be kept, it does without.
  restore() {
    try {
      const typed = sessionStorage.getItem(this.kept);
      if (this.note && typed && !this.note.value.trim()) this.note.value = typed;
    } catch { /* as if nothing had been kept */ }
  }
  keep(done) {
    try {
      if (done) sessionStorage.removeItem(this.kept);
      else if (this.note) sessionStorage.setItem(this.kept, this.note.value);
    } catch { /* the page holds it all the same */ }
  }

  say(text, ...more) { this.said.replaceChildren(text, ...more); }

  idle(text, ...more) {
    this.busy = null;
    this.posting = false;
    this.stop.hidden = true;
    this.form.removeAttribute("aria-busy");
    this.buttons.forEach(button => button.removeAttribute("aria-disabled"));
    this.say(text, ...more);
    this.all.forEach(one => this.show(one));
  }

  // chose adds what the input has to what was chosen before.
  chose() {
    this.blame("");
    for (const file of this.input.files) {
      if (this.all.some(one => same(one.file, file))) continue;
      const one = {file, error: "", final: false, sent: 0, tus: null};
      this.all.push(one);
      one.error = this.wrong(file);
      one.final = one.error !== "";
      this.draw(one);
    }
    this.sync();
  }

  // sync has the input hold what is still to be handed in, so that it says so, and so that the form is whole without us.
  sync() {
    const all = new DataTransfer();
    for (const one of this.all) all.items.add(one.file);
    this.input.files = all.files;
    this.input.setAttribute("aria-invalid", String(this.all.some(one => one.error)));
  }

  // wrong says of a file what is known of it before a byte is sent; empty for nothing.
  wrong(file) {
    if (!file.size) return this.words.empty;
    if (file.size > this.words.most) return this.words.large;
    const kind = file.type.split("/")[0];
    if (!/^(image|video|audio)$/.test(kind) || /^image\/hei[cf]/.test(file.type) || this.input.accept.split(",").includes(file.type)) return "";
    return fill(this.words.type, {type: file.type});
  }

  draw(one) {
    one.bar = el("progress", {max: one.file.size || 1, value: 0, hidden: true});
    one.bar.setAttribute("aria-label", one.file.name);
    one.state = el("span", {className: "fine"});
    one.why = el("p", {className: "error"});
    one.why.setAttribute("role", "alert");
    one.out = el("button", {type: "button", className: "quiet", textContent: this.words.remove, onclick: () => this.remove(one)});
    one.out.setAttribute("aria-label", this.words.remove + " " + one.file.name);
    one.row = el("li", {}, el("span", {className: "chosen-name", textContent: one.file.name}), one.state, one.out, one.bar, one.why);
    this.list.append(one.row);
    this.show(one);
  }

  show(one) {
    const part = one.sent && !one.error;
    one.state.textContent = part ? sizeOf(one.sent) + " / " + sizeOf(one.file.size) : sizeOf(one.file.size);
    one.bar.hidden = !part && one !== this.now;
    one.bar.value = one.sent;
    one.out.hidden = Boolean(this.busy) && one === this.now;
    if (one.why.textContent !== one.error) one.why.textContent = one.error;
    one.row.classList.toggle("refused", one.error !== "");
  }

  // remove takes a file out, with what the server has of it so far.
  remove(one) {
    this.drop(one);
    this.blame("");
    if (one.tus && one.tus.address) ask("DELETE", one.tus.address, {headers: {"Tus-Resumable": "1.0.0"}}).catch(() => {}); // it ends by itself in a day
    if (!this.busy) this.say("");
    this.input.focus();
  }

  drop(one) {
    this.all = this.all.filter(other => other !== one);
    one.row.remove();
    this.sync();
  }

  // blame says beside the input what is wrong with all of it; empty for nothing. What the server said of the form before goes.
  blame(text) {
    this.field.querySelectorAll(":scope > .error").forEach(was => was.remove());
    if (text) {
      const why = el("p", {className: "error", id: this.input.id + "-wrong", textContent: text});
      why.setAttribute("role", "alert");
      this.field.querySelector(".hint").after(why);
    }
    this.field.classList.toggle("wrong", text !== "");
    this.input.setAttribute("aria-describedby", this.input.id + (text ? "-wrong" : "-hint"));
    this.input.setAttribute("aria-invalid", String(text !== "" || this.all.some(one => one.error)));
  }

  async send(button) {
    if (this.busy) return; // once is enough
    const handsIn = Boolean(button && button.hasAttribute("formaction"));
    this.blame(handsIn && !this.all.length ? this.words.none : "");
    if (handsIn && !this.all.length) return;
    this.busy = new AbortController();
    this.stop.hidden = false;
    this.form.setAttribute("aria-busy", "true");
    this.buttons.forEach(button => button.setAttribute("aria-disabled", "true"));
    this.keep(false);
    try {
      const taken = await this.giveAll();
      const refused = this.all.filter(one => one.error).length;
      if (refused) return this.idle(fill(this.words.refused, {n: refused}));
      if (handsIn) return this.idle(fill(this.words.handed, {n: taken}));
      this.say(taken ? this.words.sent : this.words.sending);
      this.posting = true;
      await this.stubborn(() => this.post());
    } catch (e) {
      this.ended(e);
    }
  }

  // giveAll hands in one file behind the other, also those that are chosen meanwhile, and says how many.
  async giveAll() {
    let taken = 0;
    for (const one of this.all) if (!one.final) one.error = "";
    const next = () => this.all.find(one => !one.error);
    for (let one = next(); one; one = next()) {
      this.now = one;
      this.say(fill(this.words.file, {name: one.file.name, n: taken + 1, all: taken + this.all.filter(other => !other.error).length}));
      try {
        this.have(one, await this.give(one));
        taken++;
      } catch (e) {
        if (!mine(e)) throw e;
        one.error = e instanceof Unread ? this.words.unread : e.message;
        one.final = e instanceof Unread || e.status !== 429;
        one.sent = 0;
        one.tus = null;
      } finally {
        this.now = null;
        this.all.forEach(other => this.show(other));
      }
    }
    this.sync();
    return taken;
  }

  async give(one) {
    one.tus = one.tus || await chosenOf(one.file, sent => {
      if (sent > one.sent) this.bytes += sent - one.sent;
      one.sent = sent;
      this.show(one);
    });
    this.show(one);
    return this.stubborn(async () => {
      try {
        return await upload(one.tus, this.busy.signal);
      } catch (e) {
        if (e.status !== 409) throw e;
        one.tus.key += "-" + Date.now().toString(36); // under its key another upload was begun
        return upload(one.tus, this.busy.signal);
      }
    });
  }

  // stubborn does something until it is done, refused, or stopped, and gives up where many tries bring no byte further.
  async stubborn(work) {
    const said = this.said.textContent;
    for (let n = 0; ; n++) {
      const before = this.bytes;
      try {
        return await work();
      } catch (e) {
        if (this.bytes > before) n = 0;
        if (!passing(e) || n >= tries) throw e;
        const wait = Math.max(Math.min(first * 2 ** n, longest) * (0.8 + Math.random() * 0.4), e.retryAfter || 0);
        this.say(fill(this.words.waiting, {s: Math.ceil(wait / 1000)}));
        await this.pause(wait);
        this.say(said);
      }
    }
  }

  // pause ends with its time, when the network is back, and when somebody stops it all.
  pause(wait) {
    const signal = this.busy.signal;
    return new Promise((done, fail) => {
      const over = () => {
        clearTimeout(timer);
        window.removeEventListener("online", over);
        signal.removeEventListener("abort", over);
        if (signal.aborted) fail(new Stopped());
        else done();
      };
      const timer = setTimeout(over, wait);
      window.addEventListener("online", over);
      signal.addEventListener("abort", over);
    });
  }

  // have lists a file among those that go with the form, as the server does.
  have(one, hash) {
    this.drop(one);
    const boxes = [...this.had.querySelectorAll("input[name=evidence]")];
    const there = boxes.find(box => box.value === hash);
    if (there) there.checked = true;
    else {
      const href = prefix + "/evidence/" + encodeURIComponent(hash);
      const link = el("a", {className: "evidence-file", href});
      if (/^image\/(jpeg|png|gif|webp|bmp)$/.test(one.file.type)) link.append(el("img", {src: href + "?size=320", alt: ""}));
      link.append(el("code", {textContent: hash.slice(7, 15)}));
      const box = el("input", {type: "checkbox", name: "evidence", value: hash, checked: true});
      const label = el("label", {className: "option"}, box, el("span", {textContent: one.file.name + " " + sizeOf(one.file.size)}));
      this.had.querySelector("ul").append(el("li", {}, label, link));
      this.had.querySelector("legend").textContent = fill(this.words.had, {n: boxes.length + 1});
    }
    this.had.hidden = false;
  }

  // post sends the form, which by now has no file any more, and goes where that leads. A refusal is a page: the form is sent once
  // more, under its same key, for the browser to show it.
  async post() {
    const response = await ask("POST", new URL(this.form.action).pathname, {body: new FormData(this.form), redirect: "follow",
      patience: 60e3, signal: this.busy.signal});
    if (response.status >= 500) throw await refusal(response);
    if (!response.ok || !response.redirected) return this.form.submit();
    this.keep(true);
    location.assign(response.url);
  }

  // ended says why it did not come to its end.
  ended(e) {
    const passed = passing(e);
    if (this.posting && (passed || e instanceof Stopped)) return this.idle(this.words.unsure);
    if (e instanceof Stopped) return this.idle(this.words.stopped);
    if (passed) return this.idle(fill(this.words.away, {why: e.message}));
    if (e.status !== 401) {
      this.idle(e.message);
      if (!(e instanceof Refused)) throw e;
      return;
    }
    const login = el("a", {href: "/login", target: "_blank", rel: "noopener", textContent: this.words.login});
    this.idle(this.words.expired + " ", login);
  }
}

const able = () => {
  try {
    return Boolean(new DataTransfer());
  } catch {
    return false; // an old browser, whose form sends its file itself
  }
};
if (able()) for (const field of document.querySelectorAll(".file-field[data-words]")) new HandIn(field);
