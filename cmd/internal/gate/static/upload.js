// A photo to the server in pieces, by tus 1.0. The server keeps how far it came: whatever breaks, the next try asks and
// goes on from there.
import {ask, refusal, Refused, prefix} from "./api.js";
import {part, save} from "./photos.js";

const piece = 8 << 20;
const version = {"Tus-Resumable": "1.0.0"};
const whole = "Qingkong-Evidence";

const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function metadata(photo) {
  const about = {filename: photo.name, taken_at: photo.taken_at};
  if (photo.hash) about.sha256 = photo.hash;
  if (photo.position) Object.assign(about, {lon: String(photo.position.lon), lat: String(photo.position.lat)});
  return Object.entries(about).map(([name, value]) => name + " " + base64(value)).join(",");
}

async function begin(photo) {
  const response = await ask("POST", "uploads", {headers: {...version, "Upload-Length": String(photo.size),
    "Upload-Metadata": metadata(photo), "Idempotency-Key": photo.id}});
  if (!response.ok) throw await refusal(response);
  const at = new URL(response.headers.get("Location"), location.href);
  if (at.origin !== location.origin || !at.pathname.startsWith(prefix + "/uploads/")) {
    throw new Refused(502, {detail: "Location: " + at.href}, 0);
  }
  photo.upload = at.pathname;
  photo.state = "uploading";
  await save(photo);
}

// offset is how much of a photo the server has; -1 where it knows the upload no more.
async function offset(photo) {
  const response = await ask("HEAD", photo.upload, {headers: version});
  if (response.status === 404 || response.status === 410) return -1;
  if (!response.ok) throw await refusal(response);
  photo.evidence = response.headers.get(whole) || "";
  return Number(response.headers.get("Upload-Offset"));
}

async function send(photo, from) {
  const response = await ask("PATCH", photo.upload, {body: await part(photo, from, piece), patience: 120000,
    headers: {...version, "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream"}});
  if (response.status === 409) return offset(photo); // another try of ours got through after all
  if (!response.ok) throw await refusal(response);
  photo.evidence = response.headers.get(whole) || photo.evidence;
  return Number(response.headers.get("Upload-Offset"));
}

// upload gives the server a photo, and is over when it says under which hash it has it. progress hears of each piece.
export async function upload(photo, progress) {
  let from = -1;
  if (photo.upload) from = await offset(photo);
  if (from < 0) {
    await begin(photo);
    from = await offset(photo);
  }
  for (let idle = 0; !photo.evidence; ) {
    if (from < 0) throw new Refused(404, {code: "not_found"}, 0); // a try later it begins anew
    photo.sent = from;
    progress(photo);
    const now = await send(photo, from);
    idle = now > from ? 0 : idle + 1;
    if (idle > 3) throw new Refused(502, {detail: "Upload-Offset " + now}, 0); // the server takes nothing of it
    from = now;
  }
  if (photo.hash && photo.evidence !== "sha256:" + photo.hash) {
    throw new Refused(422, {code: "evidence.exchanged", detail: photo.evidence}, 0);
  }
  photo.sent = photo.size;
  photo.state = "there";
  photo.error = "";
  await save(photo);
  progress(photo);
}
