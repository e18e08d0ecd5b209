// The verifier of bundles of evidence, written from docs/bundle.md: the numbers of its parts stand below. It touches no
// page and no network. What is read is hostile: nothing of it becomes a name, a script or a pattern.

const te = new TextEncoder();
const utf8 = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true});
const loose = new TextDecoder("utf-8", {ignoreBOM: true});

// Difference is the first thing that is not as it has to be.
class Difference extends Error {
  constructor(rule, file, entry, zh, en) {
    super(en);
    Object.assign(this, {rule, file, entry, zh, en});
  }
}

// demand throws a difference unless it holds. entry is the index of an entry, or null.
function demand(holds, rule, file, entry, zh, en) {
  if (!holds) throw new Difference(rule, file, entry, zh, en);
}

const maxBundle = 2 * 2 ** 30, maxText = 32 * 2 ** 20, maxLine = 4 * 2 ** 20, maxFiles = 65535;

// pause lets the page live while something long goes on; it costs little when it is asked often.
let since = 0;
async function pause() {
  if (Date.now() - since < 25) return;
  await new Promise(go => setTimeout(go, 0));
  since = Date.now();
}

// Bytes and numbers

const hexOf = bytes => Array.from(bytes, b => b.toString(16).padStart(2, "0")).join("");
const equal = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const integer = text => /^(0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) < 2n ** 63n ? BigInt(text) : null;

function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

// base64 reads the only canonical form; null for another.
function base64(text) {
  try {
    const raw = atob(text);
    return btoa(raw) === text ? Uint8Array.from(raw, c => c.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

const urlBase64 = bytes => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const crcTable = Uint32Array.from({length: 256}, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(crc, bytes) {
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
}

// JSON in which no member stands twice. Objects become Maps, integers BigInts, other numbers NaN.
function parseJSON(text) {
  let at = 0;
  const wrong = () => { throw new SyntaxError("JSON"); };
  const space = () => { while (" \n\r\t".includes(text[at] || "x")) at++; };
  const match = pattern => {
    pattern.lastIndex = at;
    const m = pattern.exec(text);
    if (!m) wrong();
    at = pattern.lastIndex;
    return m[0];
  };
  const string = () => {
    const s = JSON.parse(match(/"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y));
    return /[\ud800-\udfff]/u.test(s) ? wrong() : s;
  };
  const list = (end, each) => {
    at++;
    space();
    if (text[at] === end) return at++;
    for (;;) {
      each();
      space();
      if (text[at] === end) return at++;
      if (text[at++] !== ",") wrong();
      space();
    }
  };
  const value = depth => {
    space();
    if (depth > 100) wrong();
    switch (text[at]) {
    case "{": {
      const all = new Map();
      list("}", () => {
        const name = string();
        space();
        if (all.has(name) || text[at++] !== ":") wrong();
        all.set(name, value(depth + 1));
      });
      return all;
    }
    case "[": {
      const all = [];
      list("]", () => all.push(value(depth + 1)));
      return all;
    }
    case "\"": return string();
    case "t": match(/true/y); return true;
    case "f": match(/false/y); return false;
    case "n": match(/null/y); return null;
    }
    const n = match(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    return /^-?[0-9]+$/.test(n) ? BigInt(n) : NaN;
  };
  const v = value(0);
  space();
  return at === text.length ? v : wrong();
}

// member is a member of an object as parseJSON gives it, of a type; null where there is none of it or another type.
function member(of, name, type) {
  const v = of instanceof Map ? of.get(name) : undefined;
  if (type === "array") return Array.isArray(v) ? v : null;
  return typeof v === type ? v : null;
}

// isTime reports whether a text such as 2016-12-16T20:00:00 is a time that there is.
function isTime(text) {
  const at = new Date(text + "Z");
  return !isNaN(at) && at.toISOString().slice(0, text.length) === text;
}

// §2, the zip file

const fileName = /^[A-Za-z0-9_-]+(\.[a-z0-9]+)?(\/[A-Za-z0-9_-]+(\.[a-z0-9]+)?)?$/;

// window reads a source in large pieces, which are asked for a few bytes at a time.
function windowOf(source) {
  let from = 0, have = new Uint8Array(0);
  return async (at, n) => {
    n = Math.max(0, Math.min(n, source.size - at));
    if (at < from || at + n > from + have.length) {
      from = at;
      have = await source.read(at, Math.min(Math.max(n, 1 << 16), source.size - at));
    }
    return have.subarray(at - from, at - from + n);
  };
}

const u16 = (b, at) => b[at] | b[at + 1] << 8;
const u32 = (b, at) => (b[at] | b[at + 1] << 8 | b[at + 2] << 16 | b[at + 3] << 24) >>> 0;
const bytes32 = n => [n & 255, n >>> 8 & 255, n >>> 16 & 255, n >>> 24];
const bytes16 = n => [n & 255, n >>> 8 & 255];
const starts = (b, ...head) => head.every((x, i) => b[i] === x);

async function unzip(source) {
  const zip = (holds, zh, en) => demand(holds, "zip", "", null, zh, en);
  zip(source.size <= maxBundle, "文件超过 2 GiB", "it is larger than 2 GiB");
  const read = windowOf(source), all = [], directory = [];
  let at = 0;
  for (;;) {
    await pause();
    const head = await read(at, 30 + 120);
    if (!starts(head, 0x50, 0x4b, 3, 4)) break;
    const size = u32(head, 18), length = u16(head, 26);
    const name = loose.decode(head.subarray(30, 30 + length));
    const same = starts(head, 0x50, 0x4b, 3, 4, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0) && u32(head, 22) === size && u16(head, 28) === 0;
    zip(head.length >= 30 + length && same && length <= 120 && fileName.test(name), `第 ${at} 字节处的文件头不合格式`,
      `the header of the file at byte ${at} is not in the form of bundles`);
    demand(at + 30 + length + size <= source.size && all.length < maxFiles, "zip", name, null, "文件不完整", "it ends behind the end of the bundle");
    directory.push(Uint8Array.from([0x50, 0x4b, 1, 2, 10, 0, ...head.subarray(4, 30), ...new Array(10).fill(0), ...bytes32(at),
      ...head.subarray(30, 30 + length)]));
    all.push({name, size, at: at + 30 + length, crc: u32(head, 14)});
    at += 30 + length + size;
  }
  const entries = directory.reduce((n, d) => n + d.length, 0);
  directory.push(Uint8Array.from([0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...bytes16(all.length), ...bytes16(all.length),
    ...bytes32(entries), ...bytes32(at), 0, 0]));
  for (const want of directory) {
    const got = await read(at, want.length);
    const i = want.findIndex((x, i) => x !== got[i]);
    zip(i < 0, `第 ${at + i} 字节：目录与前面的文件不符`, `byte ${at + i} of the directory is not what the files make it`);
    at += want.length;
  }
  zip(at === source.size, "目录之后还有内容", "something follows the directory");
  demand(all.length > 0 && all[0].name === "manifest.json", "name", "manifest.json", null, "它不是第一个文件", "it is not the first file");
  all.forEach((f, i) => demand(i === 0 || f.name !== "manifest.json" && (i === 1 || f.name > all[i - 1].name), "name", f.name, null,
    "文件名重复或次序不对", "it stands twice, or out of order"));
  return new Map(all.map(f => [f.name, f]));
}

// passed hands the content of a file on in pieces, and says its hash. Wrong tells of a wrong CRC.
async function passed(source, file, told, take) {
  const hash = sha256.create();
  let crc = 0xffffffff;
  for (let at = 0; at < file.size;) {
    const piece = await source.read(file.at + at, Math.min(1 << 20, file.size - at));
    for (let i = 0; i < piece.length; i += 1 << 18) {
      hash.update(piece.subarray(i, i + (1 << 18)));
      crc = crc32(crc, piece.subarray(i, i + (1 << 18)));
      await pause();
    }
    if (take) await take(piece);
    at += piece.length;
    told(piece.length);
  }
  return {sha256: hash.digest(), sound: ((crc ^ 0xffffffff) >>> 0) === file.crc};
}

// text is the whole content of a file that has at most maxText bytes.
async function textOf(source, file, rule) {
  demand(file.size <= maxText, rule, file.name, null, "文件过大", "it is too large");
  return source.read(file.at, file.size);
}

// §3, the manifest

function readManifest(raw, files) {
  const bad = (holds, zh, en, file = "manifest.json") => demand(holds, "manifest", file, null, zh, en);
  const note = noteOf(raw);
  bad(note && note.lines.length === 1, "不是只有一行签名的签名文本", "it is no signed note with one signature line");
  let m = null;
  try {
    m = parseJSON(note.text);
  } catch {
    bad(false, "不是规定的 JSON", "it is not JSON, or a member stands twice");
  }
  const format = member(m, "format", "string"), origin = member(m, "origin", "string"), size = member(m, "size", "bigint");
  bad(format === "qingkong.bundle/1", "格式不是 qingkong.bundle/1", "it is not of format qingkong.bundle/1");
  bad(origin && size !== null && size >= 0n && size < 2n ** 63n, "缺少 origin 或 size", "it has no origin or no size");
  const about = m.get("subject");
  const subject = ["order", "recipient", "warning"].filter(k => member(about, k, "string"));
  bad(subject.length === 1, "subject 应当只有一项", "it has to be about one order, recipient or warning");
  const madeAt = member(m, "made_at", "string") || "";
  bad(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(madeAt) && isTime(madeAt.slice(0, 19)), "made_at 不是时间",
    "made_at is no time");
  bad(!m.has("personal") || typeof m.get("personal") === "boolean", "personal 不是真假值", "personal is neither true nor false");
  bad(!m.has("reason") || typeof m.get("reason") === "string", "reason 不是文字", "reason is no text");
  const listed = member(m, "files", "array") || [];
  const names = [...files.keys()].slice(1);
  for (let i = 0; i < Math.max(listed.length, names.length); i++) {
    const f = listed[i], n = names[i];
    bad(n !== undefined && member(f, "name", "string") === n, "文件与清单所列不符", "the manifest lists other files", n || "");
    bad(member(f, "size", "bigint") === BigInt(files.get(n).size) && /^[0-9a-f]{64}$/.test(member(f, "sha256", "string") || ""),
      "大小或散列与清单不符", "the manifest lists it otherwise", n);
    files.get(n).sha256 = f.get("sha256");
  }
  const missing = (m.has("missing") ? member(m, "missing", "array") : []) || [null];
  const of = new Map();
  for (const x of missing) {
    const name = member(x, "name", "string"), why = member(x, "why", "string");
    bad(name && ["not_held", "erased", "secret", "too_many", "personal"].includes(why) && !of.has(name) && !files.has(name),
      "missing 有重复、已附或无理由的项", "missing has something twice, something that is here, or without a reason");
    of.set(name, why);
  }
  return {note, origin, size, subject: {of: subject[0], id: about.get(subject[0])}, madeAt, personal: m.get("personal") === true,
    reason: member(m, "reason", "string") || "", missing: of};
}

// §4, notes and keys

const spaces = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

// noteOf takes a signed note apart; null for what is none.
function noteOf(raw) {
  let text;
  try {
    text = utf8.decode(raw);
  } catch {
    return null;
  }
  const at = text.lastIndexOf("\n\n");
  if (/[\x00-\x09\x0b-\x1f]/.test(text) || at < 0 || at + 2 === text.length || !text.endsWith("\n")) return null;
  const lines = [];
  for (const line of text.slice(at + 2, -1).split("\n")) {
    const [dash, name, sig, more] = line.split(" ");
    const bytes = sig && base64(sig);
    if (dash !== "—" || !name || spaces.test(name) || name.includes("+") || !bytes || bytes.length < 5 || more !== undefined) return null;
    lines.push({name, hash: hexOf(bytes.subarray(0, 4)), sig: bytes.subarray(4)});
  }
  return lines.length <= 100 ? {text: text.slice(0, at + 1), lines} : null;
}

// keyOf reads a vkey of kind 1 (a ledger's) or 4 (a witness's); null for what is none.
function keyOf(vkey, kind) {
  const m = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey);
  const raw = m && base64(m[3]);
  if (!raw || raw.length !== 33 || raw[0] !== kind || spaces.test(m[1])) return null;
  const hash = hexOf(sha256(concat(te.encode(m[1] + "\n"), raw)).subarray(0, 4));
  return hash === m[2] ? {vkey, name: m[1], hash, kind, key: raw.subarray(1)} : null;
}

// parseKeys reads a key file. An error has the line's number.
function parseKeys(text) {
  const keys = {logs: [], witnesses: []};
  text.replace(/^\ufeff/, "").split("\n").forEach((line, i) => {
    const f = line.trim().split(/\s+/);
    if (f[0] === "" || f[0].startsWith("#")) return;
    const kind = {log: 1, witness: 4}[f[0]];
    const key = kind && f.length === 2 && keyOf(f[1], kind);
    if (!key) throw Object.assign(new Error(`line ${i + 1}`), {line: i + 1});
    (kind === 1 ? keys.logs : keys.witnesses).push(key);
  });
  return keys;
}

// verifies is Ed25519 as RFC 8032 has it, without the cofactor, as the other verifiers decide.
function verifies(key, text, sig) {
  if (sig.length !== 64) return false;
  try {
    const little = b => BigInt("0x" + hexOf(b.slice().reverse()));
    const {n} = Point.CURVE(), s = little(sig.subarray(32));
    if (s >= n) return false;
    const k = little(sha512(concat(sig.subarray(0, 32), key, text))) % n;
    const r = Point.BASE.multiply(s, false).subtract(Point.fromBytes(key, true).multiply(k, false));
    return equal(r.toBytes(), sig.subarray(0, 32));
  } catch {
    return false;
  }
}

// signedBy is null where a key has no line in a note, else whether it signed, and a witness when.
function signedBy(note, key) {
  const line = note.lines.find(l => l.name === key.name && l.hash === key.hash); // the first of a key counts
  if (!line) return null;
  if (key.kind === 1) return {ok: verifies(key.key, te.encode(note.text), line.sig)};
  if (line.sig.length !== 72) return {ok: false};
  const at = new DataView(line.sig.buffer, line.sig.byteOffset).getBigUint64(0);
  return {ok: verifies(key.key, te.encode(`cosignature/v1\ntime ${at}\n${note.text}`), line.sig.subarray(8)), at};
}

// follow takes in what an entry says of the ledger's keys.
function follow(chain, e) {
  const kinds = ["ledger.opened", "ledger.key_rotated", "ledger.origin_changed"];
  if (!kinds.includes(e.kind)) return;
  const bad = (holds, zh, en) => demand(holds, "entry", "entries", e.index, zh, en);
  const said = (name, of = objectOf(e.data)) => of && typeof of[name] === "string" ? of[name] : "";
  const last = chain[chain.length - 1], origin = e.kind === kinds[1] ? last && last.name : said("origin");
  bad(e.kind === kinds[0] ? !last : !!last, "密钥的次序不对", "keys do not follow each other");
  bad(e.kind !== kinds[2] || said("from") === last.name && !chain.some(k => k.name === origin), "不接续原来的台账标识",
    "the origin does not follow the last, or was there before");
  const key = keyOf(said("vkey"), 1);
  bad(key && key.name === origin, "密钥不合格式或不属于该台账", "the key is none, or of another ledger");
  if (e.kind === kinds[1]) {
    const note = noteOf(te.encode(said("note"))), by = note && signedBy(note, last);
    bad(by && by.ok && note.text === `qingkong.ledger/next-key\n${origin}\n${key.vkey}\n`, "前一把密钥没有为它签名",
      "the key before did not sign for it");
  }
  chain.push(key);
}

// §1, leaves

// leafString writes a string as leaves have it.
function leafString(s) {
  const special = /[^\x20-\x7f]|["\\]/.test(s);
  const short = {"\"": "\\\"", "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"};
  const escape = c => short[c] || "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
  return "\"" + s.replace(special ? /["\\\x00-\x1f<>&\u2028\u2029]/g : /["\\]/g, escape) + "\"";
}

const headForm = /^\{"kind":("(?:[^"\\]|\\.)*"),"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00)","actor":("(?:[^"\\]|\\.)*"),"data":$/;
const dataMark = te.encode(",\"data\":");

function indexOf(bytes, part) {
  for (let at = bytes.indexOf(part[0]); at >= 0; at = bytes.indexOf(part[0], at + 1)) {
    if (starts(bytes.subarray(at), ...part)) return at;
  }
  return -1;
}

// parseLeaf reads a leaf; null for what is none.
function parseLeaf(leaf) {
  const end = indexOf(leaf, dataMark) + dataMark.length;
  if (end < dataMark.length || end > leaf.length - 2 || leaf[leaf.length - 1] !== 0x7d) return null;
  try {
    const m = headForm.exec(utf8.decode(leaf.subarray(0, end)));
    const [kind, actor] = [m[1], m[3]].map(s => JSON.parse(s));
    const at = m[2];
    if (leafString(kind) !== m[1] || leafString(actor) !== m[3] || !isTime(at.slice(0, 23))) return null;
    return {kind, at, actor, data: loose.decode(leaf.subarray(end, -1))};
  } catch {
    return null;
  }
}

// objectOf is what data say, where they are an object; a member that stands twice counts as the last says.
function objectOf(data) {
  try {
    const v = JSON.parse(data);
    return v !== null && typeof v === "object" ? v : null;
  } catch {
    return null;
  }
}

// named are the files that data name, §6.
function named(data) {
  const files = [];
  for (const m of data.matchAll(/"(v[A-Za-z0-9_-]{43})(?=")/g)) files.push("personal/" + m[1]);
  if (!data.includes("\"evidence\":[")) return files;
  const walk = v => {
    if (v === null || typeof v !== "object") return;
    for (const [name, x] of Object.entries(v)) {
      if (Array.isArray(v) || name !== "evidence" || !Array.isArray(x)) {
        walk(x);
        continue;
      }
      for (const s of x) {
        if (typeof s === "string" && /^sha256:[0-9a-f]{64}$/.test(s)) files.push("evidence/" + s.slice(7));
      }
    }
  };
  walk(objectOf(data));
  return files;
}

const leafHash = leaf => sha256(concat([0], leaf));

// lines cuts what comes in pieces into lines; end says whether the last one ended.
function lines(take) {
  let rest = new Uint8Array(0);
  return {
    add(piece) {
      const all = rest.length ? concat(rest, piece) : piece;
      let at = 0;
      for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, at)) {
        take(all.subarray(at, end));
        at = end + 1;
      }
      rest = all.slice(at);
      if (rest.length > maxLine) take(rest);
    },
    end: () => rest.length === 0,
  };
}

// takeEntry reads a line of entries.
function takeEntry(b, line) {
  const bad = (holds, entry, zh, en) => demand(holds, "entry", "entries", entry, zh, en);
  const space = line.indexOf(32), last = b.entries[b.entries.length - 1];
  const index = line.length <= maxLine && space > 0 ? integer(loose.decode(line.subarray(0, space))) : null;
  bad(index !== null, null, "有一行没有序号，或者过长", "a line has no index, or is too long");
  const leaf = line.subarray(space + 1), e = parseLeaf(leaf);
  bad(e, index, "不合条目的格式", "it is not in the form of entries");
  bad(index < b.manifest.size && (!last || index > last.index), index, "序号的次序不对或超出树的大小", "it is out of order, or beyond the tree");
  bad(!last || e.at >= last.at, index, "时间早于前一条", "it is earlier than the one before");
  e.index = index;
  follow(b.chain, e);
  for (const name of named(e.data)) if (!b.named.has(name)) b.named.set(name, index);
  const said = objectOf(e.data) || {};
  if (e.kind === "journal.vault_erased" && typeof said.ref === "string") b.erased.add("personal/" + said.ref);
  if (e.kind === "compliance.hour_summed") b.hours.set(String(index), typeof said.root === "string" ? said.root : "");
  b.entries.push({index, kind: e.kind, at: e.at, actor: e.actor, keep: b.keep(e.kind, said), hash: leafHash(leaf)});
}

// §5, the tree

// split is the sizes of the largest complete subtrees of a tree, from the left.
function split(size) {
  const sizes = [];
  for (let bit = 1n << 62n; bit > 0n; bit >>= 1n) if (size & bit) sizes.push(bit);
  return sizes;
}

// hashNumber is the number of the hash of the n leaves from a.
function hashNumber(a, n) {
  let sum = 0n;
  for (let last = a + n - 1n; last > 0n; last >>= 1n) sum += last;
  for (; n > 1n; n >>= 1n) sum++;
  return sum;
}

const pair = (left, right) => sha256(concat([1], left, right));
const joined = hashes => hashes.length ? hashes.reduceRight((right, left) => pair(left, right)) : sha256(new Uint8Array(0));

// roots goes over a tree from left to right, and says its root and those of the earlier sizes, the cuts. Hashes of a proof
// have their numbers, or null where their order says them. bad(zh, en) throws.
async function roots(size, leaves, proof, cuts, bad) {
  const met = new Map(), wanted = new Set();
  for (const m of cuts) {
    let a = 0n;
    for (const n of split(m)) {
      wanted.add(`${a}/${n}`);
      a += n;
    }
  }
  let leaf = 0, stored = 0, cut = 0;
  const one = async (a, n) => {
    const in_ = leaf < leaves.length && leaves[leaf].index < a + n;
    while (cut < cuts.length && cuts[cut] <= a) cut++;
    let h;
    if (n === 1n && in_) {
      h = leaves[leaf++].hash;
    } else if (in_ || cut < cuts.length && cuts[cut] < a + n) {
      const left = await one(a, n >> 1n);
      h = pair(left, await one(a + (n >> 1n), n >> 1n));
    } else {
      if (stored >= proof.length || (proof[stored].index ?? hashNumber(a, n)) !== hashNumber(a, n)) bad("证明缺少需要的散列", `the proof lacks hash ${hashNumber(a, n)}`);
      h = proof[stored++].hash;
    }
    const key = wanted.size && `${a}/${n}`;
    if (key && wanted.has(key)) met.set(key, h);
    await pause();
    return h;
  };
  const of = async sizes => {
    const all = [];
    let a = 0n;
    for (const n of sizes) {
      all.push(await one(a, n));
      a += n;
    }
    return joined(all);
  };
  const root = await of(split(size));
  if (leaf < leaves.length || stored < proof.length) bad("证明或条目有多余", "something of proof or entries is left");
  return {root, earlier: cuts.map(m => {
    let a = 0n;
    return joined(split(m).map(n => {
      a += n;
      return met.get(`${a - n}/${n}`);
    }));
  })};
}

async function readProof(raw) {
  const proof = [];
  const bad = holds => demand(holds, "proof", "proof", null, "有一行不是树的散列", "a line is no hash of the tree");
  const cut = lines(line => {
    const [number, text, more] = line.length < 100 ? loose.decode(line).split(" ") : [];
    const index = integer(number || ""), hash = base64(text || "");
    bad(index !== null && hash && hash.length === 32 && more === undefined);
    proof.push({index, hash});
  });
  for (let i = 0; i < raw.length; i += 1 << 18) {
    cut.add(raw.subarray(i, i + (1 << 18)));
    await pause();
  }
  demand(cut.end(), "proof", "proof", null, "最后一行没有结束", "the last line does not end");
  return proof;
}

// readCheckpoint reads a checkpoint that has to be of a size, and of the bundle's origin.
function readCheckpoint(b, name, raw, size) {
  const bad = (holds, rule, zh, en) => demand(holds, rule, name, null, zh, en);
  const note = noteOf(raw);
  bad(note, "checkpoint", "不是签名文本", "it is no signed note");
  const [origin, of, text] = note.text.split("\n");
  const root = base64(text || "");
  bad(integer(of || "") !== null && root && root.length === 32 && !note.text.includes("\n\n") && !note.text.startsWith("\n"), "checkpoint",
    "不合 C2SP tlog-checkpoint 的格式", "it is not in the form of C2SP tlog-checkpoint");
  bad(origin === b.manifest.origin, "origin", `属于 ${origin}`, `it is of ${origin}`);
  bad(integer(of) === size, "checkpoint", `是 ${of} 条的检查点`, `it is of ${of} entries`);
  return {name, note, size, root};
}

// Verification, in the order of §7

// verify proves a bundle. source is {size, read(at, n)}; told(done, all) is progress in bytes; what keep(kind, data) gives is
// kept of each entry for the report.
async function verify(source, keys, told = () => {}, keep = () => null) {
  since = Date.now();
  const files = await unzip(source);
  const b = {source, files, keep, chain: [], entries: [], named: new Map(), erased: new Set(), hours: new Map()};
  let done = 0;
  const count = n => told(done += n, source.size);
  const manifest = files.get("manifest.json");
  const raw = await textOf(source, manifest, "manifest");
  demand((await passed(source, manifest, count)).sound, "zip", "manifest.json", null, "文件头的 CRC-32 与内容不符",
    "its header states another sum (CRC-32) than its content has");
  b.manifest = readManifest(raw, files);
  for (const name of ["checkpoint", "entries", "proof", "index.html"]) {
    demand(files.has(name), "name", name, null, "缺少该文件", "a bundle has such a file");
  }
  await hashAll(b, count);
  await proveTree(b);
  const report = signatures(b, keys);
  content(b);
  await measured(b);
  return report;
}

// hashAll holds every file to its hash, before anything in one is read.
async function hashAll(b, count) {
  for (const f of b.files.values()) {
    if (f.name === "manifest.json") continue;
    const got = await passed(b.source, f, count);
    f.hash = got.sha256;
    demand(hexOf(f.hash) === f.sha256, "content", f.name, null, "内容的 SHA-256 与清单不符", "its content is not what the manifest states");
    demand(got.sound, "zip", f.name, null, "文件头的 CRC-32 与内容不符", "its header states another sum (CRC-32) than its content has");
  }
}

async function proveTree(b) {
  const {files, source, manifest} = b;
  const read = async name => textOf(source, files.get(name), "checkpoint");
  const now = readCheckpoint(b, "checkpoint", await read("checkpoint"), manifest.size);
  b.checkpoints = [now];
  for (const name of files.keys()) {
    if (!name.startsWith("checkpoints/")) continue;
    const size = integer(name.slice(12));
    demand(size !== null, "name", name, null, "文件名不是树的大小", "it is named after no size");
    const one = readCheckpoint(b, name, await read(name), size);
    demand(size > 0n && size < manifest.size, "checkpoint", name, null, "不是更早的大小", "it is of no earlier size");
    b.checkpoints.push(one);
  }
  const cut = lines(line => takeEntry(b, line));
  const entries = files.get("entries");
  for (let at = 0; at < entries.size; at += 1 << 18) {
    cut.add(await source.read(entries.at + at, Math.min(1 << 18, entries.size - at)));
    await pause();
  }
  demand(cut.end(), "entry", "entries", null, "最后一行没有结束", "the last line does not end");
  const proof = await readProof(await source.read(files.get("proof").at, files.get("proof").size));
  const earlier = b.checkpoints.slice(1).sort((x, y) => x.size < y.size ? -1 : 1);
  const bad = (zh, en) => demand(false, "proof", "proof", null, zh, en);
  const got = await roots(manifest.size, b.entries, proof, earlier.map(c => c.size), bad);
  if (!equal(got.root, now.root)) bad("条目和证明算不出检查点的根", "entries and proof do not make the root of the checkpoint");
  earlier.forEach((c, i) => demand(equal(got.earlier[i], c.root), "checkpoint", c.name, null, "不是这棵树的开头",
    "it is no beginning of the tree"));
}

// signatures holds manifest and checkpoints to the ledger's keys and to the named ones, and makes the report.
function signatures(b, keys) {
  const {manifest, chain} = b;
  const bad = (holds, file) => demand(holds, "signature", file, null, "不是台账的密钥签的", "no key of the ledger signed it");
  const own = chain.filter(k => k.name === manifest.origin), last = chain[chain.length - 1];
  const by = (note, all) => all.some(k => (signedBy(note, k) || {}).ok);
  demand(last && last.name === manifest.origin, "origin", "entries", null, "条目载明的密钥不属于这个台账标识", "the entries tell of keys of another origin");
  bad(by(manifest.note, [last]), "manifest.json");
  const trusted = own.some(k => keys.logs.some(l => l.vkey === k.vkey));
  const signed = b.checkpoints.map((c, i) => {
    bad(by(c.note, i === 0 ? [last] : own), c.name);
    const witnesses = [];
    for (const w of keys.witnesses) {
      const line = signedBy(c.note, w);
      demand(!line || line.ok, "cosignature", c.name, null, `${w.name} 的联署是假的`, `the cosignature of ${w.name} is false`);
      if (line) witnesses.push({name: w.name, at: line.at});
    }
    const known = [...own, ...keys.witnesses];
    const unknown = c.note.lines.filter(l => !known.some(k => k.name === l.name && k.hash === l.hash)).map(l => l.name);
    return {size: c.size, root: c.root, witnesses, unknown};
  });
  demand(keys.logs.length === 0 || trusted, "key", "manifest.json", null, "签署它的不是您指明的密钥", "it is signed, and not by a key that was named");
  const lacking = keys.witnesses.filter(w => !signed.some(c => c.witnesses.some(x => x.name === w.name))).map(w => w.name);
  const {origin, subject, madeAt, size, personal, reason, missing} = manifest;
  return {origin, subject, madeAt, size, personal, reason, missing: [...missing], key: last.vkey, trusted, signed, lacking,
    entries: b.entries, files: [...b.files.keys()]};
}

// content holds what entries name against what is there and what is said to be missing, §6.
function content(b) {
  const {manifest, files} = b;
  for (const [name, why] of manifest.missing) {
    const bad = (holds, zh, en) => demand(holds, "missing", name, b.named.get(name) ?? null, zh, en);
    bad(b.named.has(name) || name.startsWith("measured/") && b.hours.has(name.slice(9)), "没有条目提到它", "no entry names it");
    bad(why !== "erased" || b.erased.has(name), "称已删除，但没有条目说明", "it is said to be erased, and no entry says so");
  }
  for (const [name, index] of b.named) {
    if (!name.startsWith("evidence/") && !manifest.personal) continue;
    demand(files.has(name) || manifest.missing.has(name), "missing", name, index, "条目提到它，但既未附上也未说明缺失",
      "the entry names it, and it is neither here nor said to be missing");
  }
  for (const f of files.values()) {
    const [folder, of] = f.name.split("/");
    const bad = (holds, zh, en) => demand(holds, "reference", f.name, b.named.get(f.name) ?? null, zh, en);
    if (folder === "evidence" && of !== undefined) {
      bad(b.named.has(f.name), "没有条目提到它", "no entry names it");
      bad(of === hexOf(f.hash), "内容不是条目所指", "its content has another hash than its name");
    } else if (folder === "personal" && of !== undefined) {
      bad(manifest.personal && b.named.has(f.name), "没有条目提到它，或者该文件不应含个人信息", "no entry names it, or the bundle is not personal");
      bad(f.size >= 16 && of === "v" + urlBase64(f.hash), "内容不是条目所指", "its content has another reference than its name");
    }
  }
}

// measured proves results of hours in the trees that entries have the roots of, §6.
async function measured(b) {
  for (const name of b.files.keys()) {
    demand(!name.startsWith("measured/"), "name", name, null, "各小时的结果都在文件 measured 中",
      "the results of all hours stand in the file measured");
  }
  const file = b.files.get("measured");
  if (!file) return;
  const bad = (holds, zh, en) => demand(holds, "measured", "measured", null, zh, en);
  bad(file.size > 0, "没有一行", "it has no line");
  const waiting = [], cut = lines(line => waiting.push(line));
  let before = -1n;
  for (let at = 0; at < file.size; at += 1 << 18) {
    cut.add(await b.source.read(file.at + at, Math.min(1 << 18, file.size - at)));
    for (const line of waiting.splice(0)) before = await measuredHour(b, line, before);
    await pause();
  }
  bad(cut.end(), "最后一行没有结束", "the last line does not end");
}

// measuredHour proves a line of results; its index is returned, and is above the one before.
async function measuredHour(b, line, before) {
  const space = line.indexOf(32);
  const index = line.length <= maxLine ? integer(loose.decode(line.subarray(0, space < 0 ? line.length : space))) : null;
  demand(index !== null, "measured", "measured", null, "有一行没有序号，或者过长", "a line has no index, or is too long");
  const bad = (zh, en) => demand(false, "measured", "measured", index, zh, en);
  const fields = [];
  let text = "", list = null;
  try {
    text = utf8.decode(line);
    while (fields.length < 4) {
      const end = text.indexOf(" ");
      if (end < 0) bad("字段不足五个", "the line has less than five fields");
      fields.push(text.slice(0, end));
      text = text.slice(end + 1);
    }
    list = parseJSON(text);
  } catch (e) {
    if (e instanceof Difference) throw e;
    bad("结果不是规定的 JSON", "the results are no JSON");
  }
  const said = b.hours.get(fields[0]), size = integer(fields[1]), places = fields[2].split(",").map(integer);
  const raw = base64(fields[3]);
  if (size === null || places.includes(null)) bad("大小或位置不是数", "the size or a place is no number");
  if (places.some((place, i) => i > 0 && place <= places[i - 1])) bad("位置的次序不对", "the places do not ascend");
  if (!raw || raw.length % 32) bad("有一项不是散列", "something is no hash");
  if (!Array.isArray(list) || list.length !== places.length || list.some(leaf => typeof leaf !== "string")) {
    bad("结果与位置不一一对应", "the results are not as many as the places");
  }
  if (index <= before) bad("该小时重复或次序不对", "the hour stands twice or out of order");
  if (said === undefined) bad("没有条目载有它的根", "it is no entry of the bundle that has a root of results");
  if (b.manifest.missing.has(`measured/${index}`)) bad("清单称它缺失", "the manifest says that its results are missing");
  const leaves = list.map((leaf, i) => ({index: places[i], hash: leafHash(te.encode(resultForm + leaf))}));
  const proof = [];
  for (let at = 0; at < raw.length; at += 32) proof.push({index: null, hash: raw.subarray(at, at + 32)});
  const {root} = await roots(size, leaves, proof, [], bad);
  if (!equal(root, base64(said) || [])) bad("结果算不出条目载明的根", "the results do not make the root that the entry has");
  return index;
}

// resultForm is the line that every result begins with as it is hashed.
const resultForm = "qingkong.judged/1\n";
