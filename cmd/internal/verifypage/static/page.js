// The page around the verifier. Whatever a bundle says goes to the page as text alone.

const words = {
  title: ["核验证据包", "Verify a bundle of evidence"],
  page: ["核验证据包 · 晴空", "Verify a bundle of evidence · Qingkong"],
  save: ["保存此页", "Save this page"],
  intro: ["证据包在您的浏览器里核验：文件不上传，也不联网。可先保存此页，断网后再打开。",
    "A bundle is verified in your browser: nothing is uploaded, and the network is not used. You can save this page and open it offline."],
  bundle: ["证据包（.zip）", "Bundle (.zip)"],
  drop: ["也可以把证据包或密钥文件拖到此页任何位置。", "Or drop a bundle or a key file anywhere on this page."],
  keys: ["密钥文件（可选）：从别处得知的台账密钥和见证方", "Key file (optional): the ledger's key and witnesses, known from elsewhere"],
  keys_hint: ["每行一把：log 后接台账密钥，witness 后接见证方密钥；# 开头的行不算。没有它只能证明文件完整，不能证明由谁签署。",
    "One to a line: log and the ledger's key, witness and a witness's; lines that begin with # say nothing. Without it a bundle proves that it is whole, and not who signed it."],
  key_file: ["选择密钥文件", "Choose a key file"],
  key_text: ["或粘贴在此", "Or paste it here"],
  key_wrong: ["密钥文件第 {0} 行不是 log 或 witness 密钥。", "Line {0} of the key file is neither a log's nor a witness's key."],
  doing: ["正在核验 {0}：{1} / {2} MB", "Verifying {0}: {1} of {2} MB"],
  unread: ["文件读不出来：{0}", "The file cannot be read: {0}"],
  accepted: ["核验通过", "Verified"],
  whole_only: ["文件完整，由谁签署未经确认", "Whole; who signed it is not confirmed"],
  refused: ["核验不通过", "Not verified"],
  of: ["文件 {0}", "File {0}"],
  first: ["第一处不符：", "The first thing that differs:"],
  in_file: ["文件", "File"],
  in_entry: ["条目", "Entry"],
  broken: ["规则", "Rule"],
  found: ["情况", "What was found"],
  whole: ["整个文件", "the zip file itself"],
  named_key: ["由您指明的密钥签署。", "Signed by the key that you named."],
  untrusted: ["由随文件而来的密钥签署（untrusted）：谁都能造一把密钥，做出完整的文件。请从别处核对密钥指纹，或者提供密钥文件。",
    "Signed by a key that came with it (untrusted): anybody can make a key, and a whole bundle with it. Compare the fingerprint with one from elsewhere, or give a key file."],
  ledger: ["台账", "Ledger"],
  origin: ["标识", "Origin"],
  fingerprint: ["密钥指纹", "Key fingerprint"],
  key: ["密钥", "Key"],
  about: ["内容", "About"],
  order: ["减排令 {0}", "order {0}"],
  recipient: ["减排对象 {0}", "recipient {0}"],
  warning: ["预警 {0}", "warning {0}"],
  made: ["生成时间", "Made at"],
  people: ["个人信息", "Personal data"],
  has_personal: ["含个人信息，理由：{0}", "holds personal data, because: {0}"],
  no_personal: ["不含个人信息", "holds none"],
  checkpoints: ["检查点与见证", "Checkpoints and witnesses"],
  size: ["条目数", "Entries"],
  root: ["根", "Root"],
  witnesses: ["见证", "Witnesses"],
  saw: ["{0}，{1}", "{0}, {1}"],
  none: ["无", "none"],
  unknown: ["另有未指明的见证方：{0}", "and witnesses that were not named: {0}"],
  lacking: ["您指明的见证方没有联署：{0}", "Witnesses that you named and that cosigned nothing here: {0}"],
  missing: ["缺失的内容", "What is missing"],
  nothing_missing: ["没有缺失。", "Nothing is missing."],
  name: ["名称", "Name"],
  why: ["原因", "Why"],
  entries: ["条目（{0}）", "Entries ({0})"],
  index: ["序号", "Index"],
  time: ["时间", "Time"],
  kind: ["事项", "What happened"],
  actor: ["经手", "By"],
  system: ["系统", "the system"],
  more: ["再显示 {0} 条", "Show {0} more"],
};

let language = 0; // 0: Chinese; 1: English
let chosen = null; // the bundle's file
let shown = null; // what the last verification came to: {file, report} or {file, difference} or {file, failure}
let run = 0; // of the newest verification: an older one ends by itself
let rows = 200; // entries that are shown

const $ = id => document.getElementById(id);
const say = (key, ...args) => (typeof key === "string" ? words[key] : key)[language].replace(/\{(\d)\}/g, (_, n) => String(args[n]));

// el makes an element of texts and other elements.
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.map(c => c instanceof Node ? c : visible(String(c))));
  return made;
}

// visible shows marks that turn the direction of writing, and others that nobody sees, so that no text reads as another.
const visible = text => text.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
  c => "<U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + ">");

const list = pairs => el("dl", null, ...pairs.flatMap(([name, value]) => [el("dt", null, say(name)), el("dd", null, value)]));
const code = text => el("code", null, text);
const clock = at => at.slice(0, 23).replace("T", " ");
const beijing = seconds => seconds < 253402300800n ? clock(new Date(Number(seconds) * 1000 + 8 * 3600e3).toISOString()).slice(0, 19) : String(seconds);
const standard = bytes => btoa(String.fromCharCode(...bytes));

function table(heads, lines) {
  return el("div", {class: "wide"}, el("table", null, el("thead", null, el("tr", null, ...heads.map(h => el("th", {scope: "col"}, say(h))))),
    el("tbody", null, ...lines.map(cells => el("tr", null, ...cells.map(c => el("td", null, c)))))));
}

function showDifference(d) {
  const verdict = el("div", {class: "verdict bad", id: "verdict", "data-rule": d.rule, "data-file": d.file, "data-entry": d.entry ?? ""},
    el("p", null, el("strong", null, say("refused"))), el("p", null, say("first")),
    list([["in_file", d.file ? code(d.file) : say("whole")], ...d.entry === null ? [] : [["in_entry", d.entry]],
      ["broken", `${inCatalogue("rules", d.rule)} (${d.rule})`], ["found", language ? d.en : d.zh]]));
  return [verdict];
}

function showReport(r) {
  const verdict = el("div", {class: "verdict " + (r.trusted ? "good" : "mind"), id: "verdict", "data-rule": "", "data-trusted": r.trusted},
    el("p", null, el("strong", null, say(r.trusted ? "accepted" : "whole_only"))), el("p", null, say(r.trusted ? "named_key" : "untrusted")));
  const about = list([["origin", code(r.origin)], ["fingerprint", code(fingerprint(r.key))], ["key", code(r.key)],
    ["about", say(r.subject.of, r.subject.id)], ["made", r.madeAt],
    ["people", r.personal ? say("has_personal", r.reason) : say("no_personal")]]);
  const seen = c => {
    const all = c.witnesses.map(w => say("saw", w.name, beijing(w.at)));
    if (c.unknown.length) all.push(say("unknown", c.unknown.join(", ")));
    return all.join("；") || say("none");
  };
  const signed = table(["size", "root", "witnesses"], r.signed.map(c => [c.size, code(standard(c.root)), seen(c)]));
  const parts = [verdict, el("h2", null, say("ledger")), about, el("h2", null, say("checkpoints")), signed];
  if (r.lacking.length) parts.push(el("p", {class: "mind", id: "lacking"}, say("lacking", r.lacking.join(", "))));
  parts.push(el("h2", null, say("missing")), r.missing.length ? table(["name", "why"], r.missing.map(([name, why]) => [code(name), inCatalogue("missing", why)])) :
    el("p", null, say("nothing_missing")));
  parts.push(el("h2", null, say("entries", r.entries.length)), table(["index", "time", "kind", "actor"],
    r.entries.slice(0, rows).map(e => [e.index, el("span", {class: "time"}, clock(e.at)), inWords(e), el("span", {class: "actor"}, e.actor || say("system"))])));
  const rest = r.entries.length - rows;
  if (rest > 0) {
    const more = el("button", {type: "button"}, say("more", Math.min(rest, 1000)));
    more.addEventListener("click", () => { rows += 1000; show(); });
    parts.push(el("p", null, more));
  }
  return parts;
}

// inCatalogue is a name in words, of a part of the catalogue.
const inCatalogue = (part, name) => (listed(catalogue[part], name) || [name, name])[language];

// inWords is an entry as it is told, and its kind as docs and others' programs have it.
const inWords = e => el("span", null, entrySays(e.kind, e.keep)[language], " ", code(e.kind));

function show() {
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = say(e.dataset.t);
  document.title = say("page");
  document.documentElement.lang = language ? "en" : "zh-CN";
  $("language").textContent = language ? "中文" : "English";
  $("language").lang = language ? "zh-CN" : "en";
  const result = $("result");
  result.hidden = !shown;
  if (!shown) return result.replaceChildren();
  const parts = shown.report ? showReport(shown.report) : shown.difference ? showDifference(shown.difference) :
    [el("p", {class: "bad", id: "verdict", "data-rule": "unread"}, say("unread", shown.failure))];
  result.replaceChildren(el("p", null, say("of", shown.file.name)), ...parts);
  $("status").textContent = say(!shown.report ? "refused" : shown.report.trusted ? "accepted" : "whole_only");
}

// begin verifies what was chosen, with the keys that are there.
async function begin() {
  const mine = ++run, file = chosen;
  let keys;
  $("key-wrong").textContent = "";
  $("key-text").removeAttribute("aria-invalid");
  try {
    keys = parseKeys($("key-text").value);
  } catch (e) {
    $("keys-part").open = true;
    $("key-text").setAttribute("aria-invalid", "true");
    $("key-wrong").textContent = say("key_wrong", e.line);
  }
  shown = null;
  rows = 200;
  $("status").textContent = "";
  $("working").hidden = !file || !keys;
  show();
  if (!file || !keys) return;
  const alive = () => { if (mine !== run) throw new Stopped(); };
  const source = {size: file.size, read: async (at, n) => {
    alive();
    const bytes = new Uint8Array(await file.slice(at, at + n).arrayBuffer());
    alive();
    return bytes;
  }};
  const told = (done, all) => {
    $("progress").value = all ? done / all : 1;
    $("doing").textContent = say("doing", visible(file.name), (done / 1e6).toFixed(1), (all / 1e6).toFixed(1));
  };
  let came;
  try {
    told(0, file.size);
    came = {file, report: await verify(source, keys, told, toldOf)};
  } catch (e) {
    if (e instanceof Stopped) return;
    came = e instanceof Difference ? {file, difference: e} : {file, failure: e.message};
  }
  if (mine !== run) return;
  shown = came;
  $("working").hidden = true;
  show();
  $("result").focus({preventScroll: true});
}

// Stopped is that another verification began.
class Stopped extends Error {}

// take looks at what somebody chose or dropped: a zip file is a bundle, and a short text a key file.
async function take(files) {
  for (const file of files) {
    try {
      const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
      if (file.size > mostKeys || starts(head, 0x50, 0x4b) || /\.zip$/i.test(file.name)) chosen = file;
      else await takeKeys(file);
    } catch {
      chosen = file; // what cannot be read is said of it when it is verified
    }
  }
  await begin();
}

const mostKeys = 1 << 16; // bytes of a key file

async function takeKeys(file) {
  $("key-text").value = loose.decode(await file.slice(0, mostKeys).arrayBuffer());
  $("keys-part").open = true;
}

$("bundle").addEventListener("change", async () => {
  if ($("bundle").files.length === 0) return;
  chosen = $("bundle").files[0];
  await begin();
});
$("key-file").addEventListener("change", async () => {
  if ($("key-file").files.length === 0) return;
  try {
    await takeKeys($("key-file").files[0]);
  } catch {
    $("key-text").value = "?"; // no key, as begin will say
  }
  await begin();
});
$("key-text").addEventListener("input", begin);
$("language").addEventListener("click", () => {
  language = 1 - language;
  show();
});
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, e => {
    e.preventDefault();
    document.body.classList.add("over");
  });
}
document.addEventListener("dragleave", e => {
  if (!e.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", async e => {
  e.preventDefault();
  document.body.classList.remove("over");
  await take([...e.dataTransfer.files]);
});
$("save").hidden = location.protocol === "file:"; // it is saved already
show();
