// The last measured hours of a monitor, drawn here from what was taken along.
import {draw, el, say, clock, named} from "./dom.js";

const width = 340, height = 150, left = 40, right = 8, top = 10, bottom = 22;

const known = v => v !== null && v !== undefined;
const round = v => Math.abs(v) >= 100 ? v.toFixed(0) : String(Number(v.toPrecision(3)));

// told is the same in words, for who does not see it.
function told(monitor, hours) {
  const values = hours.map(h => h.measured).filter(known);
  const failed = hours.filter(h => h.result === "fail").length;
  const silent = hours.filter(h => !known(h.measured)).length;
  const limits = hours.map(h => h.limit).filter(known);
  return [say("chart_hours", hours.length), values.length ? say("chart_range", round(Math.min(...values)), round(Math.max(...values)),
    monitor.unit || "") : "", limits.length ? say("chart_limit", round(limits.at(-1)), monitor.unit || "") : "",
  failed ? say("chart_failed", failed) : "", silent ? say("chart_silent", silent) : ""].filter(Boolean).join(say("pause"));
}

// path joins points, and breaks where one is missing; flat holds each value until the next.
function path(hours, of, x, y, flat) {
  let out = "";
  let pen = false;
  hours.forEach((h, i) => {
    const v = of(h);
    if (!known(v)) {
      pen = false;
      return;
    }
    const to = x(i).toFixed(1) + " " + y(v).toFixed(1);
    out += pen ? "L" + to : "M" + to;
    if (flat) out += "H" + x(i + 1).toFixed(1);
    pen = true;
  });
  return out;
}

// chart is a monitor's hours as a picture with its words below; found draws the value that somebody typed across it.
export function chart(monitor) {
  const hours = monitor.hours || [];
  const head = [monitor.ref, monitor.factor].filter(Boolean).join(" ") + " · " + named("verdict", monitor.verdict || "unknown");
  if (!monitor.heard || !hours.length) {
    return {element: el("p", {class: "fine"}, head + say("colon") + say("chart_none")), found() {}};
  }
  const all = hours.flatMap(h => [h.measured, h.limit, h.high, h.low]).filter(known);
  let most = Math.max(...all, 0), least = Math.min(...all, 0);
  const svg = draw("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", class: "chart", "aria-label": told(monitor, hours)});
  const x = i => left + (width - left - right) * i / Math.max(1, hours.length - 1);
  const y = v => top + (height - top - bottom) * (1 - (v - least) / ((most - least) || 1));

  function paint(value) {
    most = Math.max(...all, 0, known(value) ? value : 0) * 1.05 || 1;
    least = Math.min(...all, 0, known(value) ? value : 0);
    svg.replaceChildren(
      draw("path", {class: "base", d: `M${left} ${y(least)}H${width - right}`}),
      draw("text", {class: "tick", x: left - 4, y: y(most) + 10, "text-anchor": "end"}, round(most)),
      draw("text", {class: "tick", x: left - 4, y: y(least), "text-anchor": "end"}, round(least)),
      draw("text", {class: "tick", x: left, y: height - 4}, clock(hours[0].at)),
      draw("text", {class: "tick", x: width - right, y: height - 4, "text-anchor": "end"}, clock(hours.at(-1).at)),
      draw("path", {class: "limit", d: path(hours, h => h.limit, i => Math.min(x(i), width - right), y, true)}),
      draw("path", {class: "limit", d: path(hours, h => h.high, i => Math.min(x(i), width - right), y, true)}),
      draw("path", {class: "limit", d: path(hours, h => h.low, i => Math.min(x(i), width - right), y, true)}),
      draw("path", {class: "line", d: path(hours, h => h.measured, x, y, false)}),
      ...hours.flatMap((h, i) => !known(h.measured) ? [] : h.result === "fail" ?
        [draw("path", {class: "fail", d: `M${x(i) - 4} ${y(h.measured) - 4}l8 8m0 -8l-8 8`})] :
        [draw("circle", {class: "point", cx: x(i), cy: y(h.measured), r: 2.2})]));
    if (known(value)) {
      svg.append(draw("path", {class: "found", d: `M${left} ${y(value)}H${width - right}`}),
        draw("text", {class: "tick found-word", x: left + 4, y: Math.max(y(value) - 4, 10)}, say("chart_found", round(value))));
    }
  }
  paint(null);
  const element = el("figure", {class: "monitor"}, el("figcaption", null, head), svg, el("p", {class: "fine", "aria-hidden": "true"}, told(monitor, hours)));
  return {element, found: paint};
}
