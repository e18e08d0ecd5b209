// What lies on the device is encrypted with AES-GCM by a key of the device's own making, which lies there only as it was
// encrypted itself: by the key that the server gives to who is logged in here (GET /me/device-key), and by one made of the
// user's PIN. So the PIN can be set, changed and left out, and the server's key can end, without a photo being touched.
// All three keys are in memory alone, in plain, and gone with the page.
//
// Where the browser has no WebCrypto (a page by plain HTTP) everything lies as it is, and the page says so.
import {get, put, all} from "./store.js";

export const able = Boolean(globalThis.isSecureContext && globalThis.crypto && crypto.subtle);

// rounds of PBKDF2-SHA-256: what each try at a PIN costs whoever has the files of the device.
export const rounds = 600000;

const free = 5; // wrong PINs in a row before one has to wait: 30 s, twice as long with each, an hour at most
const longest = 3600e3;

// Wrong says that a PIN is not the one; wait is for how many ms no other is tried.
export class Wrong extends Error {
  constructor(wait) { super("wrong PIN"); this.wait = wait; }
}

// Locked says that what lies here cannot be opened now.
export class Locked extends Error {}

const held = {user: "", key: null}; // the device's own key, once it is open

export const owner = () => held.user;
export const isOpen = user => held.user === user && (!able || held.key !== null);
export function close() { held.user = ""; held.key = null; }

// plain opens what lies unencrypted, for a user whose session the server knows.
export function plain(user) { held.user = user; }

const text = new TextEncoder();
const bytes = n => crypto.getRandomValues(new Uint8Array(n));
const gcm = (raw, uses) => crypto.subtle.importKey("raw", raw, "AES-GCM", false, uses);

export const keysOf = user => get("about", "keys " + user);
const keep = keys => put("about", keys, "keys " + keys.user);

async function wrapped(by, raw, about) {
  const iv = bytes(12);
  const data = await crypto.subtle.encrypt({name: "AES-GCM", iv, additionalData: text.encode(about)}, by, raw);
  return {iv, data};
}

const unwrapped = (by, {iv, data}, about) =>
  crypto.subtle.decrypt({name: "AES-GCM", iv, additionalData: text.encode(about)}, by, data);

const take = async (user, raw) => {
  held.key = await crypto.subtle.importKey("raw", raw, "AES-GCM", true, ["encrypt", "decrypt"]);
  held.user = user;
};
const about = (user, how) => "key of " + user + " by " + how;
const byServer = ({key}) => gcm(Uint8Array.from(atob(key), c => c.charCodeAt(0)), ["encrypt", "decrypt"]);

// openBy opens what lies here by the key that the server gave. false: it is another one than before, and does not open what
// is here; only a PIN does, see [renew].
export async function openBy(user, given) {
  const keys = await keysOf(user);
  const by = await byServer(given);
  if (!keys) {
    await begin(user, given);
    return true;
  }
  if (!keys.server || keys.server.id !== given.id) return false;
  try {
    await take(user, await unwrapped(by, keys.server, about(user, "server")));
    return true;
  } catch {
    return false;
  }
}

// begin makes a new key of the device's own; what an older one encrypted is lost, so the caller has asked first.
export async function begin(user, given) {
  const raw = bytes(32);
  const server = {id: given.id, ...await wrapped(await byServer(given), raw, about(user, "server"))};
  await keep({user, server, pin: null, wrong: 0, until: 0});
  await take(user, raw);
  raw.fill(0);
}

// renew has the server's key of today open what a PIN has opened.
export async function renew(user, given) {
  const keys = await keysOf(user);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", held.key));
  keys.server = {id: given.id, ...await wrapped(await byServer(given), raw, about(user, "server"))};
  raw.fill(0);
  await keep(keys);
}

async function fromPin(pin, salt, iterations) {
  const base = await crypto.subtle.importKey("raw", text.encode(pin), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({name: "PBKDF2", hash: "SHA-256", salt, iterations}, base, {name: "AES-GCM", length: 256},
    false, ["encrypt", "decrypt"]);
}

// setPin has a PIN open what lies here. It takes an open vault.
export async function setPin(user, pin) {
  if (!isOpen(user)) throw new Locked();
  const keys = await keysOf(user);
  const salt = bytes(16);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", held.key));
  keys.pin = {salt, rounds, ...await wrapped(await fromPin(pin, salt, rounds), raw, about(user, "pin"))};
  keys.wrong = keys.until = 0;
  raw.fill(0);
  await keep(keys);
}

// openByPin opens what lies here by the PIN. A try is counted before it is made, so that a reload does not save it.
export async function openByPin(user, pin) {
  const keys = await keysOf(user);
  if (!keys || !keys.pin) throw new Locked();
  const now = Date.now();
  if (keys.until > now) throw new Wrong(Math.min(keys.until - now, longest));
  keys.wrong++;
  const wait = keys.wrong >= free ? Math.min(30e3 * 2 ** (keys.wrong - free), longest) : 0;
  keys.until = now + wait;
  await keep(keys);
  let raw;
  try {
    raw = await unwrapped(await fromPin(pin, keys.pin.salt, keys.pin.rounds), keys.pin, about(user, "pin"));
  } catch {
    throw new Wrong(wait);
  }
  await take(user, raw);
  keys.wrong = keys.until = 0;
  await keep(keys);
}

// seal encrypts bytes under a name, by which alone they open again: nothing on the device can be put in another's place.
export async function seal(data, name) {
  if (!able) return {plain: data};
  if (!held.key) throw new Locked();
  const iv = bytes(12);
  return {iv, data: await crypto.subtle.encrypt({name: "AES-GCM", iv, additionalData: text.encode(name)}, held.key, data)};
}

// unseal is the bytes of [seal]. What was written before the page could encrypt is read as it is.
export async function unseal(sealed, name) {
  if (sealed.plain !== undefined) return sealed.plain;
  if (!held.key) throw new Locked();
  return crypto.subtle.decrypt({name: "AES-GCM", iv: sealed.iv, additionalData: text.encode(name)}, held.key, sealed.data);
}

export const sealValue = (value, name) => seal(text.encode(JSON.stringify(value)), name);
export const unsealValue = async (sealed, name) => JSON.parse(new TextDecoder().decode(await unseal(sealed, name)));

// known are the users of whom something lies here.
export const known = async () => [...new Set((await all("drafts")).map(d => d.user))];

// random is an id of the device's making.
export const random = () => crypto.randomUUID ? crypto.randomUUID() :
  [...crypto.getRandomValues(new Uint8Array(16))].map((b, i) => (i === 6 ? b & 15 | 64 : i === 8 ? b & 63 | 128 : b)
    .toString(16).padStart(2, "0") + ([3, 5, 7, 9].includes(i) ? "-" : "")).join("");
