// How the values of clips are spread, system by system, on common bins.
V.views.distributions = (main) => {
  const data = V.current();
  if (!data.metrics.length) {
    main.append(V.el("p", { class: "empty" }, "No metric here has a value of a single clip."));
    return;
  }
  const ids = data.metrics.map(({ id }) => id);
  const result = V.el("div", { class: "spreads" });
  const draw = () => {
    const asked = V.address().metric;
    const m = data.metricOf.has(asked) ? data.metricOf.get(asked) : 0;
    const { edges, systems } = data.distributions[m];
    const { decimals, unit, description, id } = data.metrics[m];
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const x = (value) => (1000 * (value - low)) / (high - low);
    const most = Math.max(1, ...systems.flatMap(({ counts }) => counts));
    const row = ({ n, counts, quantiles }, s) => {
      const { label, bound } = data.systems[s];
      if (!n) return V.el("div", { class: "spread-row" }, V.el("span", { class: "label" }, label), V.el("p", { class: "none" }, "no value"));
      const bars = counts.map((count, place) => count && V.el("svg:a", {
        href: V.hash("clips", { bench: data.key, range: V.rangeText([{ metric: id, system: label, low: edges[place], high: edges[place + 1] }]) }),
        "aria-label": `${count} clips from ${V.number(edges[place], decimals)} to ${V.number(edges[place + 1], decimals)}`,
      }, V.el("svg:rect", { x: x(edges[place]) + 2, width: x(edges[place + 1]) - x(edges[place]) - 4, y: 60 - (56 * count) / most, height: (56 * count) / most },
        V.el("svg:title", {}, `${count} clips from ${V.number(edges[place], decimals)} to ${V.number(edges[place + 1], decimals)}`)))).filter(Boolean);
      const [q5, q25, q50, q75, q95] = quantiles;
      return V.el("div", { class: `spread-row${bound ? " bound" : ""}` }, V.el("span", { class: "label" }, label, V.el("small", {}, `median ${V.number(q50, decimals)}, n = ${n}`)),
        V.el("svg:svg", { viewBox: "0 0 1000 74", preserveAspectRatio: "none", role: "group", "aria-label": `${id} of ${label}` }, bars,
          V.el("svg:line", { x1: x(q5), x2: x(q95), y1: 68, y2: 68, class: "thin", "vector-effect": "non-scaling-stroke" }),
          V.el("svg:line", { x1: x(q25), x2: x(q75), y1: 68, y2: 68, class: "thick", "vector-effect": "non-scaling-stroke" }),
          V.el("svg:line", { x1: x(q50), x2: x(q50), y1: 63, y2: 73, class: "middle", "vector-effect": "non-scaling-stroke" })));
    };
    const ticks = V.ticks([low, high], Math.max(2, Math.min(8, result.clientWidth / 110)));
    result.replaceChildren(V.el("p", { class: "hint" }, `${description}. Bars: clips, on common bins; below them the middle 90 % and 50 %, and the median. Press a bar for its clips.`),
      ...systems.map(row),
      V.el("div", { class: "spread-row axis" }, V.el("span", { class: "label" }, unit), V.el("div", { class: "times" }, ticks.map((value) => V.el("span", { style: `left: ${x(value) / 10}%` }, String(value))))));
  };
  main.append(V.el("form", { class: "filters", onsubmit: (event) => event.preventDefault() },
    V.labelled("metric", V.select("metric", ids.map((id) => [id, id]), ids.includes(V.address().metric) ? V.address().metric : ids[0], (metric) => { V.change({ metric }); draw(); }))), result);
  draw();
};
