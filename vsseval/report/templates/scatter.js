// Any metric of any system against any other, a dot a clip.
V.views.scatter = (main) => {
  const data = V.current();
  if (!data.metrics.length) {
    main.append(V.el("p", { class: "empty" }, "No metric here has a value of a single clip."));
    return null;
  }
  const system = data.systems[Math.max(0, data.systems.findIndex(({ bound }) => !bound))].label;
  const ids = data.metrics.map(({ id }) => id);
  const get = () => {
    const address = V.address();
    const or = (value, of, fallback) => (of.has(value) ? value : fallback);
    return {
      x: or(address.x, data.metricOf, ids[0]), xs: or(address.xs, data.systemOf, system),
      y: or(address.y, data.metricOf, ids[Math.min(1, ids.length - 1)]), ys: or(address.ys, data.systemOf, system),
    };
  };
  const said = V.el("output", { class: "said" });
  const canvas = V.el("canvas", { tabindex: "0", role: "img" });
  const tip = V.el("p", { class: "tip", "aria-live": "polite" });
  let points = [];
  let chosen = -1;
  const PAD = { left: 62, right: 16, top: 14, bottom: 46 };

  const collect = () => {
    const at = get();
    const xs = data.values[data.metricOf.get(at.x)][data.systemOf.get(at.xs)];
    const ys = data.values[data.metricOf.get(at.y)][data.systemOf.get(at.ys)];
    points = [];
    for (let clip = 0; clip < data.count; clip += 1) if (xs[clip] !== null && ys[clip] !== null) points.push({ clip, x: xs[clip], y: ys[clip] });
    points.sort((p, q) => p.x - q.x || p.y - q.y);
    chosen = -1;
    said.value = `${points.length} of ${data.count} clips have both`;
    canvas.setAttribute("aria-label", `${at.y} of ${at.ys} against ${at.x} of ${at.xs}, ${points.length} clips; arrow keys go from clip to clip, enter opens one`);
  };
  const range = (name) => {
    const values = points.map((point) => point[name]);
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const pad = (high - low || 1) * 0.04;
    return points.length ? [low - pad, high + pad] : [0, 1];
  };
  const draw = () => {
    const at = get();
    const width = canvas.parentElement.clientWidth;
    const height = Math.min(560, Math.max(320, width * 0.62));
    const density = devicePixelRatio || 1;
    canvas.width = width * density;
    canvas.height = height * density;
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.scale(density, density);
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const same = at.x === at.y;
    const [rx, ry] = [range("x"), range("y")];
    const both = same ? [Math.min(rx[0], ry[0]), Math.max(rx[1], ry[1])] : null;
    const [bx, by] = [both || rx, both || ry];
    const px = (value) => PAD.left + ((value - bx[0]) / (bx[1] - bx[0])) * (width - PAD.left - PAD.right);
    const py = (value) => height - PAD.bottom - ((value - by[0]) / (by[1] - by[0])) * (height - PAD.top - PAD.bottom);
    pen.strokeStyle = V.colour("line");
    pen.fillStyle = V.colour("muted");
    pen.lineWidth = 1;
    for (const value of V.ticks(bx, Math.max(3, width / 110))) {
      pen.beginPath(); pen.moveTo(px(value), PAD.top); pen.lineTo(px(value), height - PAD.bottom); pen.stroke();
      pen.textAlign = "center"; pen.fillText(String(value), px(value), height - PAD.bottom + 17);
    }
    for (const value of V.ticks(by, 6)) {
      pen.beginPath(); pen.moveTo(PAD.left, py(value)); pen.lineTo(width - PAD.right, py(value)); pen.stroke();
      pen.textAlign = "right"; pen.fillText(String(value), PAD.left - 8, py(value) + 4);
    }
    if (same) {
      pen.setLineDash([4, 4]); pen.strokeStyle = V.colour("muted");
      pen.beginPath(); pen.moveTo(px(bx[0]), py(bx[0])); pen.lineTo(px(bx[1]), py(bx[1])); pen.stroke(); pen.setLineDash([]);
    }
    pen.fillStyle = V.colour("ink");
    pen.textAlign = "right";
    pen.fillText(`${at.x}${unit(at.x)} of ${at.xs}`, width - PAD.right, height - 8);
    pen.textAlign = "left";
    pen.fillText(`${at.y}${unit(at.y)} of ${at.ys}`, 4, 12);
    pen.fillStyle = V.colour("accent");
    pen.globalAlpha = points.length > 2000 ? 0.35 : 0.65;
    const radius = points.length > 2000 ? 2.2 : 4;
    for (const point of points) {
      [point.px, point.py] = [px(point.x), py(point.y)];
      pen.beginPath(); pen.arc(point.px, point.py, radius, 0, 7); pen.fill();
    }
    pen.globalAlpha = 1;
    const point = points[chosen];
    if (point) { pen.strokeStyle = V.colour("ink"); pen.lineWidth = 2; pen.beginPath(); pen.arc(point.px, point.py, radius + 4, 0, 7); pen.stroke(); }
    canvas.style.cursor = point ? "pointer" : "default";
  };
  const unit = (metric) => { const { unit: text } = data.metrics[data.metricOf.get(metric)]; return text ? ` (${text})` : ""; };
  const choose = (place) => {
    chosen = place;
    const point = points[place];
    const at = get();
    const shown = (metric, value) => V.number(value, data.metrics[data.metricOf.get(metric)].decimals);
    tip.replaceChildren(...(point ? [V.el("a", { href: V.clipHash(data, point.clip, { system: at.ys }) }, data.clips.id[point.clip]), ` ${shown(at.x, point.x)} across, ${shown(at.y, point.y)} up`] : ["Point at a dot for its clip, press it to open the clip."]));
    draw();
  };
  const near = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, found] = [14 ** 2, -1];
    points.forEach((point, place) => {
      const far = (point.px - x) ** 2 + (point.py - y) ** 2;
      if (far < best) [best, found] = [far, place];
    });
    return found;
  };
  const open = () => { if (points[chosen]) location.hash = V.clipHash(data, points[chosen].clip, { system: get().ys }); };
  canvas.addEventListener("pointermove", (event) => { const place = near(event); if (place !== chosen) choose(place); });
  canvas.addEventListener("click", (event) => { choose(near(event)); open(); });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step && points.length) { event.preventDefault(); choose((chosen + step + points.length) % points.length); }
    if (event.key === "Enter") open();
  });
  const change = (name) => (value) => { V.change({ [name]: value }); collect(); choose(-1); };
  const at = get();
  const systems = data.systems.map(({ label }) => [label, label]);
  const metrics = ids.map((id) => [id, id]);
  main.append(V.el("form", { class: "filters", onsubmit: (event) => event.preventDefault() },
    V.labelled("across", V.select("x", metrics, at.x, change("x"))), V.labelled("of", V.select("xs", systems, at.xs, change("xs"))),
    V.labelled("up", V.select("y", metrics, at.y, change("y"))), V.labelled("of", V.select("ys", systems, at.ys, change("ys"))), said),
  V.el("div", { class: "plot" }, canvas), tip);
  collect();
  choose(-1);
  V.redraw = draw;
  return () => { V.redraw = null; };
};

V.ticks = ([low, high], most) => {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high; place += 1) found.push(Number((place * step).toPrecision(10)));
  return found;
};
