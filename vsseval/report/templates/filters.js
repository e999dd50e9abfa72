// Which clips are looked at: text, status, part and ranges, all of them in the address.
V.isBad = (data, place, system) => Boolean(data.made[system][place]) || data.without.some((row) => {
  const state = row[system][place];
  return state && state[0] !== 3;
});
V.STATUSES = [
  ["", "every status"], ["ok", "whole in every system"], ["bad", "without a sound or a number"],
  ["silent", "without a sound"], ["noted", "with a note"],
];
// Four fields a range: metric, system, least, greatest.
V.ranges = (text) => {
  const fields = text ? V.parted(text) : [];
  return Array.from({ length: Math.floor(fields.length / 4) }, (_, place) => {
    const [metric, system, low, high] = fields.slice(4 * place, 4 * place + 4);
    return { metric, system, low, high };
  });
};
V.rangeText = (ranges) => V.joined(ranges.flatMap(({ metric, system, low, high }) => [metric, system, low, high]));

const words = (data, place) => data.words.map((column) => column[place] || "").join(" ");
const texts = (data, place) => ["id", "label", "caption", "transcript", "subset"]
  .map((name) => (data.clips[name] ? data.clips[name][place] || "" : "")).join(" ");

V.filtered = (data, { q, status, subset, range }) => {
  const systems = data.systems.map((system, place) => place).filter((place) => !data.systems[place].bound);
  const asked = systems.length ? systems : data.systems.map((_, place) => place);
  const parts = (q || "").trim().toLowerCase().split(/\s+/).filter(Boolean);
  const within = V.ranges(range).map(({ metric, system, low, high }) => ({
    column: (data.values[data.metricOf.get(metric)] || [])[data.systemOf.get(system)],
    low: low === "" ? -Infinity : Number(low), high: high === "" ? Infinity : Number(high),
  })).filter(({ column }) => column);
  const found = [];
  for (let place = 0; place < data.count; place += 1) {
    if (subset && data.clips.subset[place] !== subset) continue;
    if (within.some(({ column, low, high }) => column[place] === null || column[place] < low || column[place] > high)) continue;
    if (status === "ok" && asked.some((system) => V.isBad(data, place, system))) continue;
    if (status === "bad" && !asked.some((system) => V.isBad(data, place, system))) continue;
    if (status === "silent" && !asked.some((system) => data.made[system][place])) continue;
    if (status === "noted" && !asked.some((system) => data.notes[system][place])) continue;
    if (parts.length) {
      const text = `${texts(data, place)} ${words(data, place)}`.toLowerCase();
      if (!parts.every((part) => text.includes(part))) continue;
    }
    found.push(place);
  }
  return found;
};

V.sorted = (data, places, text) => {
  const { key, up } = V.sortOf(text);
  const [metric, ...rest] = key.split("*");
  const column = rest.length ? (data.values[data.metricOf.get(metric)] || [])[data.systemOf.get(rest.join("*"))] : data.clips[key];
  if (!column) return places;
  const sign = up ? 1 : -1;
  // Clips without a value go last, whichever way; equal ones stay in the order of the benchmark.
  return [...places].sort((a, b) => {
    const x = column[a] ?? null;
    const y = column[b] ?? null;
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    return (x < y ? -sign : x > y ? sign : 0) || a - b;
  });
};
V.sortOf = (text) => (text ? { key: text.replace(/^-/, ""), up: !text.startsWith("-") } : { key: "", up: true });
V.chosenClips = (data, address) => V.sorted(data, V.filtered(data, address), address.sort);
