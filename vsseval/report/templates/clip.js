// The page of one clip.
V.views.clip = (main) => {
  const data = V.current();
  const address = V.address();
  const id = address.clip.slice(address.clip.indexOf("/") + 1);
  const place = data.places.get(id);
  if (place === undefined) {
    main.append(V.el("p", { class: "empty" }, `There is no clip ${id} in ${data.title}. `, V.el("a", { href: V.hash("clips", { bench: data.key }) }, "All clips")));
    return null;
  }
  const media = V.media(data.key, place);
  const lanes = data.systems.map((_, system) => V.lane(data, place, system, media));
  const fact = (name) => (data.clips[name] ? data.clips[name][place] : null);
  const clip = { events: fact("events") || [], motion: (media && media.motion) || [] };
  const linked = data.videos[place];
  const video = V.el("video", { playsinline: true, muted: true, preload: "auto", tabindex: "-1", "aria-label": `picture of ${id}` });
  video.muted = true;
  if (media && media.video) video.dataset.own = media.video;
  else if (linked) { video.dataset.own = linked[0]; video.dataset.start = linked[1]; }
  const hasPicture = Boolean(video.dataset.own) || lanes.some((lane) => lane.video);
  const seconds = () => Math.max(fact("seconds") || 0, ...lanes.map((lane) => lane.seconds || 0), 0.1);

  const drawn = lanes.map(() => null);
  const bars = lanes.map((lane, system) => V.laneBar(lane, system, () => (player.state.lane === system ? player.toggle() : (player.choose(system), player.play()))));
  const player = V.player({ lanes, video, changed: (what) => changed(what) });
  const view = { data, place, lanes, clip, player, seconds };
  view.zoom = V.zoom(view);
  const controls = V.controls(view);
  const drawLane = (system) => {
    drawn[system] = V.spectrogram({
      lane: lanes[system], clip, seconds: seconds(),
      onseek: (at) => { player.choose(system); player.seek(at); },
    });
    bars[system].field.replaceChildren(drawn[system].root);
    drawn[system].move(player.state.at);
  };
  function changed(what) {
    const { state } = player;
    const at = player.now();
    drawn.forEach((one) => one && one.move(at));
    view.zoom.move(at);
    controls.update(at);
    if (what === "position") return;
    bars.forEach((bar, system) => bar.update(system === state.lane, state.playing && system === state.lane, lanes[system].trouble));
    if (what === "length") lanes.forEach((_, system) => drawLane(system));
    if (what === "lane") V.change({ system: lanes[state.lane].label });
    if (what !== "length") view.zoom.redraw();
  }
  lanes.forEach((_, system) => drawLane(system));

  const shown = lanes.map((lane, system) => system).filter((system) => !lanes[system].bound || lanes[system].label === "reference");
  const folded = lanes.map((lane, system) => system).filter((system) => !shown.includes(system));
  const bounds = folded.length ? V.el("details", { class: "folded" }, V.el("summary", {}, `Bounds: ${folded.map((system) => lanes[system].label).join(", ")}`), folded.map((system) => bars[system].root)) : null;
  view.order = [...shown, ...folded];
  view.fold = () => { if (bounds) bounds.open = !bounds.open; };

  const said = (what, text) => (text ? V.el("p", { class: "fact" }, V.el("small", {}, what), text) : null);
  main.append(
    V.clipHead(view),
    V.el("div", { class: `clip-grid${hasPicture ? "" : " plain"}` },
      V.el("div", { class: "stage" }, hasPicture ? video : null, controls.root,
        said("to be said", fact("transcript")), said("caption", fact("caption")), said("class", fact("label")),
        fact("problem") ? V.el("p", { class: "problem" }, fact("problem")) : null),
      V.el("div", { class: "lanes" }, shown.map((system) => bars[system].root), bounds, V.legend(clip, { onsets: lanes.flatMap((lane) => lane.onsets) }))),
    V.clipScores(view));
  const wanted = data.systemOf.get(address.system);
  const first = (fits) => view.order.find((system) => lanes[system].source && fits(lanes[system]));
  player.state.lane = wanted ?? first((lane) => !lane.bound) ?? first(() => true) ?? 0;
  if (folded.includes(player.state.lane)) bounds.open = true;
  if (address.t) player.state.at = Math.max(0, Number(address.t) || 0);
  player.warm();
  player.show();
  changed("start");
  V.open = view;
  return () => { V.open = null; player.close(); view.zoom.remove(); };
};

// What is known of one system's sound of a clip.
V.lane = (data, place, system, media) => {
  const { label, bound } = data.systems[system];
  const own = media && media.sounds[system];
  const file = data.files[system][place];
  const made = data.made[system][place];
  return {
    label, bound, source: own ? own.sound : file && !made ? data.folders[system] + file : null, picture: own ? own.picture : null,
    seconds: own ? own.seconds : null, onsets: own ? own.onsets : [], times: own ? own.times : null, volume: own ? own.volume : null,
    loudness: own ? own.loudness : null, video: own ? own.video : null, words: V.words(data.words[system][place]),
    problem: made ? `${V.STATES[made[0]]}: ${V.why(data, made)}` : "", notes: (data.notes[system][place] || []).map((note) => data.texts[note]), trouble: "",
  };
};
