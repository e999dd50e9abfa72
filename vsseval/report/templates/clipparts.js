// The parts of a clip's page: head, controls, a bar for each system, scores.
V.clipHead = ({ data, place }) => {
  const address = V.address();
  const kept = Object.fromEntries(["q", "status", "subset", "range", "sort", "system"].map((name) => [name, address[name]]));
  const { system, ...filters } = kept;
  const order = V.chosenClips(data, address);
  const here = order.indexOf(place);
  const rows = here < 0 ? Array.from({ length: data.count }, (_, other) => other) : order;
  const at = here < 0 ? place : here;
  const step = (by, text, key) => {
    const other = rows[at + by];
    return other === undefined ? V.el("span", { class: "off" }, text) : V.el("a", { href: V.clipHash(data, other, kept), "data-step": by, title: `key: ${key}` }, text);
  };
  const reasons = (data.picks.find(([clip]) => clip === place) || [0, []])[1];
  return V.el("header", { class: "clip-head" },
    V.el("p", { class: "crumbs" }, V.el("a", { href: V.hash("clips", { bench: data.key, ...filters }), "data-up": true }, `${data.title}: all clips`),
      V.el("span", {}, `${at + 1} of ${rows.length}`), step(-1, "← previous", "p"), step(1, "next →", "n"),
      V.el("button", { type: "button", class: "plain", "data-help": true, onclick: V.help }, "keys")),
    V.el("h2", {}, data.clips.id[place]),
    V.el("p", { class: "why" }, [data.clips.subset[place], ...reasons].filter(Boolean).map((text) => V.el("span", {}, text))));
};

V.controls = (view) => {
  const { player, lanes } = view;
  const toggle = V.el("button", { type: "button", class: "play big", "aria-label": "play", title: "key: space", onclick: () => player.toggle() });
  const range = V.el("input", { type: "range", min: 0, step: 0.01, value: 0, "aria-label": "position in seconds", oninput: () => player.seek(Number(range.value)) });
  const time = V.el("span", { class: "time" });
  const box = (text, key, change) => V.el("label", { title: `key: ${key}` }, V.el("input", { type: "checkbox", onchange: (event) => change(event.target.checked) }), ` ${text}`);
  const matched = box("loudness matched", "m", player.match);
  const loop = box("repeat", "l", player.loop);
  const known = lanes.some((lane) => lane.volume !== null);
  return {
    root: V.el("div", { class: "controls" }, toggle, range, time, V.el("div", { class: "switches" }, known ? matched : null, loop,
      V.el("button", { type: "button", class: "plain", title: "key: e", onclick: () => view.zoom.toggle() }, "enlarge spectrogram"))),
    update: (at) => {
      const all = view.seconds();
      toggle.classList.toggle("on", player.state.playing);
      toggle.setAttribute("aria-label", player.state.playing ? "pause" : "play");
      if (Number(range.max) !== all) range.max = all;
      if (document.activeElement !== range || player.state.playing) range.value = at;
      range.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${all.toFixed(1)} seconds`);
      time.textContent = `${V.clock(at)} / ${V.clock(all)}`;
      matched.firstChild.checked = player.state.matched;
      loop.firstChild.checked = player.state.loop;
    },
  };
};

V.laneBar = (lane, system, press) => {
  const button = lane.source ? V.el("button", { type: "button", class: "play", "aria-label": `play ${lane.label}`, onclick: press }) : V.el("span", { class: "play none" });
  const field = V.el("div", { class: "field-of" });
  const trouble = V.el("p", { class: "problem" });
  const loud = lane.loudness === null ? null : V.el("small", { title: "integrated loudness (ITU-R BS.1770)" }, `${lane.loudness.toFixed(1)} LUFS`);
  const root = V.el("section", { class: `lane${lane.bound ? " bound" : ""}`, "aria-label": lane.label },
    V.el("div", { class: "who" }, button, V.el("span", { class: "label" }, lane.label), loud,
      lane.notes.map((note) => V.el("span", { class: "note" }, note)), lane.problem ? V.el("span", { class: "problem" }, lane.problem) : null),
    field, trouble);
  return {
    root, field, update: (chosen, playing, problem) => {
      root.classList.toggle("chosen", chosen);
      if (lane.source) {
        button.classList.toggle("on", playing);
        button.setAttribute("aria-label", `${playing ? "pause" : "play"} ${lane.label}`);
      }
      trouble.textContent = problem || "";
    },
  };
};

V.clipScores = ({ data, place, order }) => {
  if (!data.metrics.length) return V.el("div");
  const cell = (m, s) => {
    const value = data.values[m][s][place];
    if (value !== null) return V.el("td", {}, V.number(value, data.metrics[m].decimals));
    const state = data.without[m][s][place];
    return state && state[0] !== 3 ? V.el("td", { class: "bad", title: V.why(data, state) }, V.STATES[state[0]]) : V.el("td", { class: "none", title: V.why(data, state) }, "–");
  };
  const arrow = { higher: "↑", lower: "↓" };
  const rows = data.metrics.map((_, m) => m).filter((m) => order.some((s) => data.values[m][s][place] !== null || (data.without[m][s][place] || [3])[0] !== 3));
  return V.el("section", { class: "scores" }, V.el("h3", {}, "Scores of this clip"),
    V.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "scores of this clip" }, V.el("table", { class: "grid still" },
      V.el("thead", {}, V.el("tr", {}, V.el("th", { scope: "col", class: "name" }, "metric"), order.map((s) => V.el("th", { scope: "col", class: data.systems[s].bound ? "bound" : null }, data.systems[s].label)))),
      V.el("tbody", {}, rows.map((m) => V.el("tr", {}, V.el("th", { scope: "row", class: "name", title: data.metrics[m].description }, `${data.metrics[m].id} ${arrow[data.metrics[m].direction] || ""} `, V.el("small", {}, data.metrics[m].unit)), order.map((s) => cell(m, s))))))));
};
