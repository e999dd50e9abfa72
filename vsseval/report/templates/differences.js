// Paired differences of two systems, and the clips that moved.
V.views.differences = (main) => {
  const data = V.current();
  const name = (pair) => `${data.systems[pair.a].label} minus ${data.systems[pair.b].label}`;
  if (!data.pairs.length) {
    main.append(V.el("p", { class: "empty" }, "There is one system only: nothing to compare it with."));
    return;
  }
  const find = () => data.pairs.find((pair) => name(pair) === V.address().pair) || data.pairs[0];
  const result = V.el("div");
  const draw = () => {
    const pair = find();
    if (pair.problem) { result.replaceChildren(V.el("p", { class: "problem block" }, pair.problem)); return; }
    const asked = V.address().metric;
    const chosen = pair.rows.find((row) => row.metric === asked) || pair.rows.find((row) => row.moved.length) || pair.rows[0];
    result.replaceChildren(table(pair, chosen), chosen ? moved(pair, chosen) : "");
  };
  const [a, b] = [(pair) => data.systems[pair.a].label, (pair) => data.systems[pair.b].label];
  const table = (pair, chosen) => V.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "differences" }, V.el("table", { class: "grid still" },
    V.el("thead", {}, V.el("tr", {}, ["metric", a(pair), b(pair), "difference", "95 %", "", "p", "p of Holm", "better/same/worse", "what the clips say"].map((text, place) => V.el(text ? "th" : "td", { scope: text ? "col" : null, class: place === 0 ? "name" : place === 9 ? "text" : null }, text)))),
    V.el("tbody", {}, pair.rows.map((row) => V.el("tr", { class: row === chosen ? "chosen" : null },
      V.el("th", { scope: "row", class: "name" }, V.el("button", { type: "button", "aria-pressed": String(row === chosen), onclick: () => { V.change({ metric: row.metric }); draw(); } }, row.metric), " ", V.el("small", {}, row.unit)),
      V.el("td", {}, V.number(row.a, row.decimals)), V.el("td", {}, V.number(row.b, row.decimals)),
      V.el("td", { class: row.better === "a" ? "good" : row.better === "b" ? "bad" : null }, signed(row.difference, row.decimals)),
      V.el("td", { title: row.method }, row.low === null ? "–" : `${signed(row.low, row.decimals)} to ${signed(row.high, row.decimals)}`),
      V.el("td", { class: "barcell" }, bar(row)), V.el("td", {}, V.p(row.p)), V.el("td", {}, V.p(row.holm)),
      V.el("td", {}, row.wins === null ? "–" : `${row.wins}/${row.ties}/${row.losses}`),
      V.el("td", { class: "text" }, row.reason || row.said, row.counts[0] === row.counts[1] && row.counts[2] === row.counts[3] ? "" : ` (n = ${row.n}: ${row.counts[0]}/${row.counts[1]} and ${row.counts[2]}/${row.counts[3]})`))))));
  const moved = (pair, row) => {
    const known = data.metricOf.has(row.metric);
    return V.el("section", { class: "moved" }, V.el("h2", {}, `Clips that moved most by ${row.metric}`),
      row.moved.length ? V.el("table", { class: "grid still" },
        V.el("thead", {}, V.el("tr", {}, ["clip", a(pair), b(pair)].map((text, place) => V.el("th", { scope: "col", class: place ? null : "name" }, text)))),
        V.el("tbody", {}, row.moved.map(([clip, x, y]) => V.el("tr", {},
          V.el("th", { scope: "row", class: "name" }, V.el("a", { href: V.clipHash(data, clip, { system: a(pair) }) }, data.clips.id[clip])),
          V.el("td", {}, V.number(x, row.decimals)), V.el("td", {}, V.number(y, row.decimals))))))
        : V.el("p", { class: "empty" }, known ? "No clip moved." : "This metric has no value of a single clip."),
      known ? V.el("p", {}, V.el("a", { href: V.hash("scatter", { bench: data.key, x: row.metric, xs: a(pair), y: row.metric, ys: b(pair) }) }, "Every clip: one system against the other")) : null);
  };
  main.append(V.el("form", { class: "filters", onsubmit: (event) => event.preventDefault() },
    V.labelled("pair", V.select("pair", data.pairs.map((pair) => [name(pair), name(pair)]), name(find()), (pair) => { V.change({ pair }); draw(); }))),
  V.el("p", { class: "hint" }, "Paired clip by clip; 95 % intervals over the benchmark's clusters. Press a metric for the clips that moved."), result);
  draw();
};

const signed = (value, decimals) => (value === null ? "–" : (value > 0 ? "+" : "") + V.number(value, decimals));

// The interval against zero; each row has a scale of its own.
const bar = (row) => {
  if (row.low === null) return null;
  const reach = Math.max(Math.abs(row.low), Math.abs(row.high)) || 1;
  const x = (value) => 50 + (46 * value) / reach;
  return V.el("svg:svg", { class: `interval ${row.better === "a" ? "good" : row.better === "b" ? "bad" : ""}`, viewBox: "0 0 100 14", "aria-hidden": "true" },
    V.el("svg:line", { x1: 50, x2: 50, y1: 1, y2: 13, class: "zero" }),
    V.el("svg:line", { x1: x(row.low), x2: x(row.high), y1: 7, y2: 7, class: "reach" }),
    V.el("svg:circle", { cx: x(row.difference), cy: 7, r: 3 }));
};
