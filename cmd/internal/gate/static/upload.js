// A photo to the server in pieces, as it is kept here.
import {upload as give} from "./tus.js";
import {part, save} from "./photos.js";

function metadata(photo) {
  const about = {filename: photo.name, taken_at: photo.taken_at};
  if (photo.hash) about.sha256 = photo.hash;
  if (photo.position) Object.assign(about, {lon: String(photo.position.lon), lat: String(photo.position.lat)});
  return about;
}

// upload gives the server a photo, and is over when it says under which hash it has it. progress hears of each piece.
export async function upload(photo, progress) {
  const file = {size: photo.size, key: photo.id, about: metadata(photo), address: photo.upload,
    part: (from, most) => part(photo, from, most),
    begun: () => {
      photo.upload = file.address;
      photo.state = "uploading";
      return save(photo);
    },
    moved: sent => {
      photo.sent = sent;
      progress(photo);
    }};
  photo.evidence = await give(file);
  photo.sent = photo.size;
  photo.state = "there";
  photo.error = "";
  await save(photo);
  progress(photo);
}
