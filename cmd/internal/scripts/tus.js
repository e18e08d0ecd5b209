// Files to the server in pieces, by tus 1.0. The server keeps how far each came: whatever breaks, the next try asks and goes on
// from there.
import {ask, refusal, Away, Refused, prefix} from "./api.js";

const version = {"Tus-Resumable": "1.0.0"};
const whole = "Qingkong-Evidence";

// A piece is what the line takes in some seconds, so that somebody sees it move and a line that breaks costs little. The server
// takes 8 MiB at most. What a piece took (ms) decides on the size of the next, of whichever file.
const least = 64 << 10, most = 8 << 20;
const soon = 2000, late = 8000;
let size = 512 << 10;

const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const metadata = about => Object.entries(about).map(([name, value]) => name + " " + base64(value)).join(",");

// told is how far the server has a file, and under which hash once it has all of it.
const told = response => ({offset: Number(response.headers.get("Upload-Offset")), evidence: response.headers.get(whole) || ""});

async function begin(file, signal) {
  const response = await ask("POST", "uploads", {signal, headers: {...version, "Upload-Length": String(file.size),
    "Upload-Metadata": metadata(file.about), "Idempotency-Key": file.key}});
  if (!response.ok) throw await refusal(response);
  const at = new URL(response.headers.get("Location"), location.href);
  if (at.origin !== location.origin || !at.pathname.startsWith(prefix + "/uploads/")) {
    throw new Refused(502, {detail: "Location: " + at.href}, 0);
  }
  file.address = at.pathname;
  await file.begun();
}

// state asks how far a file is; null where the server knows the upload no more. An answer to HEAD has no text: what is refused
// is asked again with an empty piece at the file's end, which is told why.
async function state(file, signal) {
  const response = await ask("HEAD", file.address, {signal, headers: version});
  if (response.status === 404 || response.status === 410) return null;
  if (response.status >= 500) throw await refusal(response);
  return response.ok ? told(response) : {offset: file.size, evidence: ""};
}

async function send(file, from, signal) {
  const body = await file.part(from, size);
  const began = performance.now();
  let response;
  try {
    response = await ask("PATCH", file.address, {body, signal, patience: 120000,
      headers: {...version, "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream"}});
  } catch (e) {
    if (e instanceof Away) size = Math.max(least, size / 2);
    throw e;
  }
  if (response.status === 409) return state(file, signal); // another try of ours got through after all
  if (!response.ok) throw await refusal(response);
  const took = performance.now() - began;
  if (took > late) size = Math.max(least, size / 2);
  else if (took < soon && body.size >= size) size = Math.min(most, size * 2);
  return told(response);
}

// upload gives the server a file, and is over when it says under which hash ("sha256:…") it has it. file has size, key (under
// which a beginning is begun once), about (metadata, with the sha256 in hexadecimal digits where that is known), address (of
// the upload, once there is one), part(from, most), a Blob of its bytes, begun(), which keeps the address, and moved(sent),
// which hears of each piece.
export async function upload(file, signal) {
  let at = file.address ? await state(file, signal) : null;
  if (!at) {
    await begin(file, signal);
    at = await state(file, signal);
  }
  for (let idle = 0; ; ) {
    if (!at) throw new Refused(404, {code: "not_found"}, 0); // a try later it begins anew
    if (at.evidence) break;
    file.moved(at.offset);
    const now = await send(file, at.offset, signal);
    idle = now && now.offset > at.offset ? 0 : idle + 1;
    if (idle > 3) throw new Refused(502, {detail: "Upload-Offset " + at.offset}, 0); // the server takes nothing of it
    at = now;
  }
  if (file.about.sha256 && at.evidence !== "sha256:" + file.about.sha256) {
    throw new Refused(422, {code: "evidence.exchanged", detail: at.evidence}, 0);
  }
  return at.evidence;
}
