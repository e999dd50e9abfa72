// A spectrogram with its axes, what is drawn over it, and words under their time.
V.timeTicks = (seconds, most) => {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300].find((size) => seconds / size <= most) || 600;
  return Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, place) => Number((place * step).toFixed(2)));
};

// Marks: [seconds, kind]. Strokes are as wide at every zoom.
const overlay = (marks, seconds) => {
  const svg = V.el("svg:svg", { class: "marks", viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const [at, kind] of marks) {
    const x = (1000 * at) / seconds;
    const [y1, y2] = { onset: [84, 100], motion: [0, 16], event: [0, 100] }[kind];
    svg.append(V.el("svg:line", { x1: x, x2: x, y1, y2, class: kind, "vector-effect": "non-scaling-stroke" }));
  }
  return svg;
};

V.spectrogram = ({ lane, clip, seconds, zoom = 1, onseek }) => {
  const share = (at) => `${(100 * at) / seconds}%`;
  const line = V.el("i", { class: "head" });
  const marks = [
    ...clip.events.map((at) => [at, "event"]), ...clip.motion.map((at) => [at, "motion"]), ...lane.onsets.map((at) => [at, "onset"]),
  ].filter(([at]) => at <= seconds);
  const picture = lane.picture
    ? V.el("img", { src: lane.picture, alt: `spectrogram of ${lane.label}`, draggable: "false", style: `width: ${share(Math.min(lane.seconds || seconds, seconds))}` })
    : V.el("span", { class: "nopicture" }, lane.source ? "linked, not embedded: no spectrogram" : "");
  const field = V.el("div", { class: "field2d" }, picture, overlay(marks, seconds), line);
  const seek = (event) => {
    const box = field.getBoundingClientRect();
    onseek(seconds * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1));
  };
  field.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    seek(event);
    field.setPointerCapture(event.pointerId);
    field.addEventListener("pointermove", seek);
    const done = () => field.removeEventListener("pointermove", seek);
    field.addEventListener("pointerup", done, { once: true });
    field.addEventListener("pointercancel", done, { once: true });
  });
  const most = Math.max(4, Math.floor(9 * zoom));
  const times = V.el("div", { class: "times", "aria-hidden": "true" }, V.timeTicks(seconds, most).map((at) => V.el("span", { style: `left: ${share(at)}` }, `${at}`)), V.el("b", {}, "s"));
  const hertz = V.el("div", { class: "hertz", "aria-hidden": "true" }, V.el("b", {}, "Hz"), V.settings().ticks.map(([label, at]) => V.el("span", { style: `bottom: ${100 * at}%` }, label)));
  const inner = V.el("div", { class: "inner", style: `width: ${100 * zoom}%` }, field, spokenWords(lane, share), times);
  const strip = V.el("div", { class: "strip" }, inner);
  return {
    root: V.el("div", { class: `spectrogram${lane.picture ? "" : " bare"}` }, hertz, strip),
    move: (at) => {
      line.style.left = share(at);
      if (zoom > 1) {
        const x = (strip.scrollWidth * at) / seconds;
        if (x < strip.scrollLeft || x > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = x - strip.clientWidth / 4;
      }
    },
  };
};

const TIPS = { substitute: (word) => `instead of: ${word.meant}`, insert: () => "not said", delete: () => "not heard", equal: () => null };
V.wordLine = (words) => V.el("p", { class: "words" }, words.flatMap((word) => [V.el("span", { class: word.kind, title: TIPS[word.kind](word) }, word.text), " "]));

// Heard words under their time; those that were missed have none and stand in the line below.
const spokenWords = (lane, share) => {
  if (!lane.words.length) return null;
  const heard = lane.words.filter(({ kind }) => kind !== "delete");
  if (!lane.times || lane.times.length !== heard.length || heard.length === 0) return V.wordLine(lane.words);
  const timed = V.el("div", { class: "timed" }, heard.map((word, place) => V.el("span", {
    class: word.kind, title: TIPS[word.kind](word) || word.text,
    style: `left: ${share(lane.times[place][0])}; width: ${share(lane.times[place][1] - lane.times[place][0])}`,
  }, word.text)));
  return [timed, heard.length < lane.words.length ? V.wordLine(lane.words) : null].filter(Boolean);
};
