// The browser's database. Nothing in it tells of a person or a plant: that lies in `sealed`, see vault.js, but for the
// names of users, and how many drafts wait for whom.
import {openDB, deleteDB} from "./idb-8.0.4.js";

export const name = "qingkong-gate";

let opened = null;

// Full says that the device has no room left. Whatever was there before stays.
export class Full extends Error {}

export function open() {
  opened ||= openDB(name, 1, {
    upgrade(db) {
      db.createObjectStore("about"); // the page's own: language, who was here last, keys by user
      db.createObjectStore("days"); // by user: the tasks of the day
      db.createObjectStore("drafts", {keyPath: "id"}).createIndex("user", "user"); // {id, user, state, sealed}
      const photos = db.createObjectStore("photos", {keyPath: "id"}); // {id, draft, user, sealed}
      photos.createIndex("draft", "draft");
      db.createObjectStore("chunks"); // by [photo, number]: bytes, sealed
      db.createObjectStore("done", {keyPath: "id"}).createIndex("user", "user"); // what the server confirmed, to be read
    },
    blocking(_, __, event) { event.target.close(); opened = null; },
    terminated() { opened = null; },
  });
  return opened;
}

// full turns the browser's word for a full device into ours.
function full(e) {
  const quota = e && (e.name === "QuotaExceededError" || e.inner && e.inner.name === "QuotaExceededError" ||
    e.cause && e.cause.name === "QuotaExceededError");
  return quota ? new Full(e.message) : e;
}

// within runs what writes, in one transaction, and is over when it is on the disk, with all that was written before it. A
// relaxed one may be on its way there still.
export async function within(stores, work, durability = "strict") {
  try {
    const db = await open();
    const tx = db.transaction(stores, "readwrite", {durability});
    const done = tx.done.catch(e => { throw e || tx.error || new Error("the database refused"); });
    done.catch(() => {}); // it is awaited below; work may fail first
    const got = await work(tx);
    await done;
    return got;
  } catch (e) {
    throw full(e);
  }
}

export const put = (store, value, key, durability) => within([store], tx => tx.objectStore(store).put(value, key), durability);
export const get = async (store, key) => (await open()).get(store, key);
export const all = async (store, index, key) => index ? (await open()).getAllFromIndex(store, index, key) : (await open()).getAll(store);
export const keys = async (store, range) => (await open()).getAllKeys(store, range);
export const remove = (store, key) => within([store], tx => tx.objectStore(store).delete(key));

// chunks are the keys of all that a photo's bytes lie under.
export const chunks = photo => IDBKeyRange.bound([photo, 0], [photo, Infinity]);

// wipe takes everything away. It is asked for by a person alone.
export async function wipe() {
  if (opened) (await opened).close();
  opened = null;
  await deleteDB(name);
}
