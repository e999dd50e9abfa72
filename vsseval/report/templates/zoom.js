// The spectrogram of the chosen system, as large as the window.
V.zoom = (view) => {
  const dialog = V.el("dialog", { class: "zoom", "aria-label": "spectrogram enlarged" });
  let zoom = 1;
  let shown = null;
  const draw = () => {
    const lane = view.lanes[view.player.state.lane];
    shown = V.spectrogram({ lane, clip: view.clip, seconds: view.seconds(), zoom, onseek: view.player.seek });
    const step = (change) => () => { zoom = Math.min(16, Math.max(1, zoom * change)); draw(); };
    dialog.replaceChildren(
      V.el("header", {}, V.el("h3", {}, lane.label), V.el("span", { class: "said" }, `${zoom} × in time`),
        V.el("button", { type: "button", class: "plain", "aria-label": "less time detail", onclick: step(1 / 2) }, "−"),
        V.el("button", { type: "button", class: "plain", "aria-label": "more time detail", onclick: step(2) }, "+"),
        V.el("button", { type: "button", class: "plain", onclick: view.player.toggle }, view.player.state.playing ? "pause" : "play"),
        V.el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "close")),
      shown.root, V.legend(view.clip, lane));
    shown.move(view.player.now());
  };
  document.body.append(dialog);
  return {
    get open() { return dialog.open; },
    toggle: () => { if (dialog.open) dialog.close(); else { draw(); dialog.showModal(); } },
    step: (change) => { zoom = Math.min(16, Math.max(1, zoom * change)); if (dialog.open) draw(); },
    redraw: () => { if (dialog.open) draw(); },
    move: (at) => { if (dialog.open && shown) shown.move(at); },
    remove: () => { if (dialog.open) dialog.close(); dialog.remove(); },
  };
};

V.legend = (clip, lane) => V.el("p", { class: "legend" },
  lane.onsets.length ? V.el("span", { class: "onset" }, "onset of the sound") : null,
  clip.motion.length ? V.el("span", { class: "motion" }, "sudden change of motion in the picture") : null,
  clip.events.length ? V.el("span", { class: "event" }, "annotated event") : null);
