// Where somebody signs on the glass. What is signed becomes a PNG, black on white in any colours of the page.
import {el, say, button, fresh} from "./dom.js";

const wide = 1000, high = 400;

// pad is a place to sign. signed gets the picture, as a file, each time a stroke ends; null once it was wiped.
export function pad(signed) {
  const canvas = el("canvas", {class: "pad", width: wide, height: high, role: "img", "aria-label": say("pad_label"), id: fresh("pad")});
  const pen = canvas.getContext("2d");
  let strokes = 0, drawing = -1, turn = 0;

  function clean() {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, wide, high);
    pen.strokeStyle = pen.fillStyle = "#000";
    pen.lineWidth = 6;
    pen.lineCap = pen.lineJoin = "round";
    strokes = 0;
  }
  clean();

  const at = e => {
    const box = canvas.getBoundingClientRect();
    return [(e.clientX - box.left) * wide / box.width, (e.clientY - box.top) * high / box.height];
  };
  canvas.addEventListener("pointerdown", e => {
    if (drawing >= 0) return;
    e.preventDefault();
    drawing = e.pointerId;
    try { canvas.setPointerCapture(e.pointerId); } catch { /* a pointer that is gone already */ }
    const [x, y] = at(e);
    pen.beginPath();
    pen.arc(x, y, 3, 0, 7);
    pen.fill();
    pen.beginPath();
    pen.moveTo(x, y);
  });
  canvas.addEventListener("pointermove", e => {
    if (e.pointerId !== drawing) return;
    e.preventDefault();
    for (const one of e.getCoalescedEvents && e.getCoalescedEvents().length ? e.getCoalescedEvents() : [e]) pen.lineTo(...at(one));
    pen.stroke();
  });
  const end = e => {
    if (e.pointerId !== drawing) return;
    drawing = -1;
    strokes++;
    const mine = ++turn;
    canvas.toBlob(blob => {
      if (mine === turn && blob) signed(new File([blob], "signature.png", {type: "image/png", lastModified: Date.now()}));
    }, "image/png");
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);

  return el("div", {class: "sign"}, canvas, button(say("pad_clear"), () => {
    turn++;
    if (strokes) signed(null);
    clean();
  }, "quiet"));
}
