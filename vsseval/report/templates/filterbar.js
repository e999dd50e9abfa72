// The fields over the table of clips.
V.filterBar = (data, usual, draw, said) => {
  const address = V.address();
  const set = (changes) => { V.change(changes); draw(); };
  let pause = 0;
  const text = V.el("input", {
    type: "search", name: "q", value: address.q || "", placeholder: "name, caption, words said or heard",
    oninput: () => { clearTimeout(pause); pause = setTimeout(() => set({ q: text.value }), 120); },
  });
  const subsets = [...new Set(data.clips.subset)].filter(Boolean).sort();
  const chips = V.el("div", { class: "chips" });
  const drawChips = () => {
    const ranges = V.ranges(V.address().range);
    chips.replaceChildren(...ranges.map((one, place) => V.el("button", {
      type: "button", class: "chip", title: "remove this range",
      onclick: () => { set({ range: V.rangeText(ranges.filter((_, other) => other !== place)) }); drawChips(); },
    }, `${one.metric} of ${one.system}: ${one.low || "…"} to ${one.high || "…"} ×`)));
  };
  const bar = V.el("form", { class: "filters", autocomplete: "off", onsubmit: (event) => event.preventDefault() },
    V.labelled("text", text),
    V.labelled("status", V.select("status", V.STATUSES, address.status || "", (status) => set({ status }))),
    subsets.length ? V.labelled("part", V.select("subset", [["", "every part"], ...subsets.map((name) => [name, name])], address.subset || "", (subset) => set({ subset }))) : null,
    data.metrics.length ? rangeFields(data, (one) => { set({ range: V.rangeText([...V.ranges(V.address().range), one]) }); drawChips(); }) : null,
    V.chooser("metrics", data.metrics.map(({ id }) => id), usual.metrics, () => V.address().metrics, set),
    V.chooser("systems", data.systems.map(({ label }) => label), usual.systems, () => V.address().systems, set),
    said);
  drawChips();
  return V.el("div", {}, bar, chips);
};

const rangeFields = (data, add) => {
  const first = Math.max(0, data.systems.findIndex(({ bound }) => !bound));
  const metric = V.select("range-metric", data.metrics.map(({ id }) => [id, id]), data.metrics[0].id, () => {});
  const system = V.select("range-system", data.systems.map(({ label }) => [label, label]), data.systems[first].label, () => {});
  const ends = ["least", "greatest"].map((name) => V.el("input", { type: "number", step: "any", name: `range-${name}`, placeholder: name, "aria-label": `${name} value` }));
  for (const [field, name] of [[metric, "metric of the range"], [system, "system of the range"]]) field.setAttribute("aria-label", name);
  const apply = () => {
    if (!ends.some(({ value }) => value !== "")) return;
    add({ metric: metric.value, system: system.value, low: ends[0].value, high: ends[1].value });
    ends.forEach((end) => { end.value = ""; });
  };
  ends.forEach((end) => end.addEventListener("keydown", (event) => { if (event.key === "Enter") apply(); }));
  return V.el("details", { class: "menu" }, V.el("summary", {}, "range"),
    V.el("div", { class: "pop" }, metric, system, ...ends, V.el("button", { type: "button", class: "plain", onclick: apply }, "add")));
};
