// Strain: the train loss of each window over the floor, the zones as bands, how many windows lie in each.

import { record } from "./campaignsfeed.js";
import { h, keyed, part, s, setAttr, setText, setVar } from "./dom.js";
import { integer, loss, stepLabels, wholePercent } from "./format.js";
import { logTicks, niceTicks, tickLabel } from "./scale.js";

const WIDTH = 1000;
const HEIGHT = 100;
export const ZONES = { near: "near the floor", above: "above the floor", far: "far above the floor" };

export function mount(element) {
  record.on((value) => value && show(element, value));
}

function show(element, { strain }) {
  const { windows, floor, now, zone, zones, needed, width, formula } = strain;
  setAttr(part(element, "empty"), "hidden", floor !== null);
  setAttr(part(element, "body"), "hidden", floor === null);
  if (!floor) {
    setText(part(element, "empty"), `No floor yet: it is the 5 % quantile of the medians of at least ${needed} windows of steps with metric points, and there ${windows.length === 1 ? "is" : "are"} ${integer(windows.length)}. Strain shows how far the loss is above what the campaign comes back to.`);
    return;
  }
  const last = windows.at(-1);
  setText(part(element, "now"), now.toFixed(3));
  setText(part(element, "now-words"), `${ZONES[zone]}: perplexity ${Math.exp(now).toFixed(2)} × that of the floor`);
  setText(part(element, "loss"), loss(last[3]));
  setText(part(element, "window"), `steps ${integer(last[0])}–${integer(last[1])}, ${integer(last[2])} points`);
  setText(part(element, "floor"), loss(floor.loss));
  setText(part(element, "interval"), `95 % interval ${floor.low === null ? "unbounded below" : loss(floor.low)} to ${loss(floor.high)}`);
  setText(part(element, "formula"), `${formula}. Windows of ${integer(width)} steps, ${integer(floor.windows)} of them. The floor is what was reached, of whatever levels were trained; it falls while the loss does. For its interval medians are taken as independent.`);
  keyed(part(element, "zones"), zones, (each) => each.id, ({ id }) => h("li", { class: id }, h("i", { "aria-hidden": "true" }), h("b", {}, ZONES[id]), h("span", { "data-share": true }), h("span", { class: "sub", "data-bounds": true })), (line, each) => {
    setText(part(line, "share"), `${wholePercent(each.windows / windows.length)} of windows`);
    setText(part(line, "bounds"), bounds(each));
  });
  draw(element, strain);
}

const bounds = ({ from, factor }) => (factor === null ? `strain ${from.toFixed(3)} or more` : from === 0 ? `strain below ${Math.log(factor).toFixed(3)}: perplexity less than ${factor} ×` : `${from.toFixed(3)} to ${Math.log(factor).toFixed(3)}: less than ${factor} ×`);

function draw(element, { windows, floor, zones }) {
  const losses = windows.map((each) => each[3]);
  const [first, end] = [windows[0][0], windows.at(-1)[1]];
  const low = Math.min(floor.loss, ...losses);
  const high = Math.max(floor.loss + 2 * zones.at(-1).from, ...losses);
  const log = low > 0;
  const of = log ? Math.log : (each) => each;
  const [bottom, top] = [of(log ? low / 1.08 : low - 0.02 * (high - low)), of(log ? high * 1.04 : high + 0.02 * (high - low))];
  const x = (step) => ((step - first) / Math.max(1, end - first)) * WIDTH;
  const y = (value) => (1 - (of(value) - bottom) / (top - bottom)) * HEIGHT;
  const exp = log ? Math.exp : (each) => each;
  const ys = (log ? logTicks : (a, b) => niceTicks(a, b, 5))(exp(bottom), exp(top));
  const xs = niceTicks(first, end, 6).filter((tick) => tick > first && Number.isInteger(tick) && x(tick) < WIDTH * 0.96);
  const stepLabel = stepLabels(xs);
  const bands = zones.map(({ id, from }, at) => {
    const above = zones[at + 1] ? Math.max(0, y(floor.loss + zones[at + 1].from)) : 0;
    const under = at === 0 ? HEIGHT : y(floor.loss + from);
    return s("rect", { class: `band ${id}`, x: 0, width: WIDTH, y: above, height: Math.max(0, under - above) });
  });
  const line = windows.map(([from, to, , value], at) => `${at ? "L" : "M"}${x((from + to) / 2).toFixed(1)} ${y(value).toFixed(2)}`).join("");
  part(element, "svg").replaceChildren(...bands, ...ys.map((tick) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(tick), y2: y(tick) })), s("path", { class: "median", d: line }), s("line", { class: "floor", x1: 0, x2: WIDTH, y1: y(floor.loss), y2: y(floor.loss) }));
  const label = (share, words) => h("span", { style: `--p:${(100 * share).toFixed(2)}` }, words);
  // Ticks of a logarithmic axis may be close: those without room are left out.
  let room = Infinity;
  const labelled = [...ys].sort((a, b) => a - b).filter((tick) => {
    const at = y(tick);
    if (room - at < 9) return false;
    room = at;
    return true;
  });
  part(element, "y").replaceChildren(...labelled.map((tick) => label(y(tick) / HEIGHT, log ? String(tick) : tickLabel(tick, ys))));
  part(element, "x").replaceChildren(...xs.map((tick) => label(x(tick) / WIDTH, stepLabel(tick))));
  const note = part(element, "floor-label");
  setText(note, `floor ${loss(floor.loss)}`);
  setVar(note, "--p", y(floor.loss).toFixed(2));
  setAttr(part(element, "plot"), "aria-label", `Train loss from step ${integer(first)} to ${integer(end)}, ${loss(losses[0])} at first, ${loss(losses.at(-1))} now, over its floor of ${loss(floor.loss)}`);
}
