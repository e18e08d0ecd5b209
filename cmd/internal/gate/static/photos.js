// Photos and signatures, until the server has them. Their bytes lie in chunks, each encrypted by itself, so that none of
// them is whole in memory but to be hashed, and to be shown once as a small picture when it is taken.
import {within, get, put, all, keys, chunks, Full} from "./store.js";
import {seal, unseal, sealValue, unsealValue, random, able} from "./vault.js";

export const chunk = 1 << 20;

// hashed is how many bytes at most are hashed here: WebCrypto takes a file whole.
export const hashed = 20e6;

const thumb = 360; // pixels of the small picture, either way

// Refusal says in words of the page why a file is not taken.
export class NotTaken extends Error {
  constructor(key, ...args) { super(key); this.key = key; this.args = args; }
}

const hex = buffer => [...new Uint8Array(buffer)].map(b => b.toString(16).padStart(2, "0")).join("");
const chunkName = (id, n, of) => "chunk " + id + " " + n + " of " + of;

// small is a picture of a photo that fits a list, as a JPEG; null where the browser cannot show it (HEIC).
async function small(file) {
  let image;
  try {
    image = await createImageBitmap(file);
    const scale = Math.min(1, thumb / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const made = await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.7));
    return made && await made.arrayBuffer();
  } catch {
    return null;
  } finally {
    if (image) image.close();
  }
}

async function hashOf(file) {
  if (!able || file.size > hashed) return "";
  return hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

// take keeps a file for a draft at a place ("whole", "item:3", "signature") and gives its photo. Where the device is full
// nothing of it stays, and whatever was there before does. position is where the device is, as far as it said.
export async function take(draft, place, file, {position = null, most = 0} = {}) {
  if (!file.size) throw new NotTaken("photo_empty", file.name);
  if (most && file.size > most) throw new NotTaken("photo_too_large", file.name, file.size, most);
  if (navigator.storage && navigator.storage.estimate) {
    const {quota, usage} = await navigator.storage.estimate();
    if (quota && file.size > quota - usage) throw new Full();
  }
  const photo = {id: random(), place, name: file.name || "photo", type: file.type, size: file.size,
    taken_at: new Date(file.lastModified || Date.now()).toISOString(), position, hash: await hashOf(file),
    order: Date.now(), state: "here", upload: "", sent: 0, evidence: "", error: ""};
  const count = Math.ceil(file.size / chunk);
  try {
    for (let n = 0; n < count; n++) {
      const part = await file.slice(n * chunk, (n + 1) * chunk).arrayBuffer();
      await put("chunks", await seal(part, chunkName(photo.id, n, count)), [photo.id, n], "relaxed");
    }
    const picture = await small(file);
    const sealed = await sealValue(photo, "photo " + photo.id);
    const thumbnail = picture && await seal(picture, "small " + photo.id);
    await put("photos", {id: photo.id, draft: draft.client_id, user: draft.user, thumbnail, sealed});
  } catch (e) {
    await within(["chunks"], tx => tx.objectStore("chunks").delete(chunks(photo.id))).catch(() => {});
    throw e;
  }
  return photo;
}

// of are the photos of a draft, in the order in which they were taken.
export async function of(draft) {
  const rows = await all("photos", "draft", draft);
  const out = [];
  for (const row of rows) out.push({...await unsealValue(row.sealed, "photo " + row.id), row});
  return out.sort((a, b) => a.order - b.order || (a.taken_at < b.taken_at ? -1 : 1));
}

// save keeps how far a photo has come, if it is still there: somebody may have taken it out meanwhile.
export async function save(photo) {
  const {row, ...value} = photo;
  const sealed = await sealValue(value, "photo " + photo.id);
  await within(["photos"], async tx => {
    const was = await tx.store.get(photo.id);
    if (was) await tx.store.put({...was, sealed});
  });
}

export const drop = id => within(["photos", "chunks"], async tx => {
  await tx.objectStore("photos").delete(id);
  await tx.objectStore("chunks").delete(chunks(id));
});

// part is the bytes of a photo from an offset on, at most so many, as a Blob.
export async function part(photo, offset, most) {
  const count = Math.ceil(photo.size / chunk);
  const parts = [];
  for (let n = Math.floor(offset / chunk), got = 0; n < count && got < most; n++) {
    const kept = await get("chunks", [photo.id, n]);
    if (!kept) throw new NotTaken("photo_broken", photo.name);
    let data = new Uint8Array(await unseal(kept, chunkName(photo.id, n, count)));
    if (n * chunk < offset) data = data.subarray(offset - n * chunk);
    data = data.subarray(0, most - got);
    got += data.length;
    parts.push(data);
  }
  return new Blob(parts);
}

const shown = new Map(); // addresses of small pictures that the page shows

// picture is the address of a photo's small picture; empty where there is none.
export async function picture(photo) {
  if (!photo.row || !photo.row.thumbnail) return "";
  if (!shown.has(photo.id)) {
    const data = await unseal(photo.row.thumbnail, "small " + photo.id);
    shown.set(photo.id, URL.createObjectURL(new Blob([data], {type: "image/jpeg"})));
  }
  return shown.get(photo.id);
}

// forget lets go of the pictures that were shown.
export function forget() {
  for (const address of shown.values()) URL.revokeObjectURL(address);
  shown.clear();
}

// sweep removes bytes whose photo was never kept: the page ended while they were written.
export async function sweep() {
  const there = new Set(await keys("photos"));
  const stray = new Set((await keys("chunks")).map(([id]) => id).filter(id => !there.has(id)));
  for (const id of stray) await within(["chunks"], tx => tx.objectStore("chunks").delete(chunks(id)));
}
