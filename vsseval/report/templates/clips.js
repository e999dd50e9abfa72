// The table of clips.
V.views.clips = (main) => {
  const data = V.current();
  const own = data.systems.map((_, place) => place).filter((place) => !data.systems[place].bound || data.systems[place].label === "reference");
  const usual = { systems: own.slice(0, 7), metrics: data.metrics.map((_, place) => place) };
  usual.metrics = usual.metrics.slice(0, Math.max(2, Math.floor(14 / Math.max(1, usual.systems.length))));
  const listed = (text, of, fallback) => (text === undefined ? fallback : V.parted(text).map((name) => of.get(name)).filter((place) => place !== undefined));
  const result = V.el("div");
  const said = V.el("output", { class: "said" });

  const columns = ({ systems, metrics }) => {
    const found = [{ key: "id", head: "clip", kind: "name", cell: (clip) => ({ text: data.clips.id[clip], title: (data.clips.caption || data.clips.transcript || [])[clip] }) }];
    for (const name of ["subset", "label"]) {
      if (data.clips[name] && data.clips[name].some(Boolean)) found.push({ key: name, head: name === "subset" ? "part" : name, kind: "text", cell: (clip) => ({ text: data.clips[name][clip] || "" }) });
    }
    const plain = found.length;
    for (const m of metrics) {
      for (const s of systems) {
        const { decimals } = data.metrics[m];
        found.push({
          key: `${data.metrics[m].id}*${data.systems[s].label}`, head: data.systems[s].label, kind: data.systems[s].bound ? "bound" : "",
          title: `${data.metrics[m].id} of ${data.systems[s].label}`, cell: (clip) => cell(m, s, clip, decimals),
        });
      }
    }
    const groups = [["", plain], ...metrics.map((m) => [`${data.metrics[m].id}${arrow(data.metrics[m])}`, systems.length, data.metrics[m].description])];
    return { found, groups: systems.length && metrics.length ? groups : null };
  };
  const cell = (m, s, clip, decimals) => {
    const value = data.values[m][s][clip];
    if (value !== null) return { text: V.number(value, decimals), kind: data.notes[s][clip] ? "noted" : "" };
    const state = data.without[m][s][clip];
    const code = state ? state[0] : 0;
    return code && code !== 3 ? { text: V.STATES[code], title: V.why(data, state), kind: "bad" } : { text: "–", title: V.why(data, state), kind: "none" };
  };
  const arrow = ({ unit, direction }) => `${unit ? ` ${unit}` : ""}${{ higher: " ↑", lower: " ↓" }[direction] || ""}`;

  const draw = () => {
    const address = V.address();
    const systems = listed(address.systems, data.systemOf, usual.systems);
    const metrics = listed(address.metrics, data.metricOf, usual.metrics);
    const rows = V.chosenClips(data, address);
    const { found, groups } = columns({ systems, metrics });
    said.value = `${rows.length} of ${data.count} clips`;
    const kept = Object.fromEntries(["q", "status", "subset", "range", "sort"].map((name) => [name, address[name]]));
    const grid = V.grid({
      columns: found, groups, rows, sort: V.sortOf(address.sort), label: `clips of ${data.title}`,
      href: (clip) => V.clipHash(data, clip, kept),
      onsort: (key) => {
        const now = V.sortOf(V.address().sort);
        V.change({ sort: now.key !== key ? key : now.up ? `-${key}` : "" });
        draw();
        const button = [...result.querySelectorAll("thead tr:last-child button")][found.findIndex((column) => column.key === key)];
        if (button) button.focus();
      },
    });
    result.replaceChildren(rows.length ? grid.box : V.el("p", { class: "empty" }, "No clip is of that kind."));
    grid.redraw();
  };
  main.append(V.filterBar(data, usual, draw, said), result, V.picks(data));
  draw();
};

V.picks = (data) => {
  if (!data.picks.length) return V.el("div");
  return V.el("details", { class: "picks" }, V.el("summary", {}, `Worth hearing first: the worst, the best and the median clip by each metric, and those that failed (${data.picks.length})`),
    V.el("ul", {}, data.picks.map(([clip, reasons]) => V.el("li", {}, V.el("a", { href: V.clipHash(data, clip) }, data.clips.id[clip]), V.el("span", {}, ` ${reasons.join(", ")}`)))));
};
