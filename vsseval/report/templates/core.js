// What every view uses: numbers, and the data of the page, each block of which is parsed when it is needed.
V.number = (value, decimals) => {
  if (value === null || value === undefined) return "–";
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
};
V.p = (value) => (value === null ? "–" : value < 0.001 ? "< 0.001" : value.toFixed(3));
V.clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;

const parsed = new Map();
const block = (id) => {
  if (!parsed.has(id)) {
    const found = document.getElementById(id);
    parsed.set(id, found ? JSON.parse(found.textContent) : null);
  }
  return parsed.get(id);
};
V.settings = () => block("settings");
V.benches = [...document.querySelectorAll("script[data-bench]")].map((found) => found.dataset.bench);
V.bench = (key) => {
  const data = block(`data:${key}`);
  if (data && !data.key) {
    data.key = key;
    data.count = data.clips.id.length;
    data.places = new Map(data.clips.id.map((id, place) => [id, place]));
    data.systemOf = new Map(data.systems.map((system, place) => [system.label, place]));
    data.metricOf = new Map(data.metrics.map((metric, place) => [metric.id, place]));
  }
  return data;
};
// Media of one clip: read and parsed for the clip that is looked at, and not kept.
V.media = (key, place) => {
  const found = document.getElementById(`media:${key}/${place}`);
  return found ? JSON.parse(found.textContent) : null;
};

// Words as the page holds them: an error is led by its mark, what was meant stands behind a bar.
const KINDS = { "=": "equal", "~": "substitute", "+": "insert", "-": "delete" };
V.words = (line) => (line ? line.split(" ").map((word) => {
  const kind = KINDS[word[0]] || "equal";
  const [text, meant] = (KINDS[word[0]] ? word.slice(1) : word).split("|");
  return { kind, text, meant: meant || "" };
}) : []);
V.STATES = ["", "failed", "missing", "does not apply"];
V.why = (data, state) => (state ? data.texts[state[1]] : "");
V.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
