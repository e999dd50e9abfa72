// The keyboard of a clip's page, and the list of its keys.
const KEYS = [
  ["space, k", "play or pause"], ["← →", "half a second back or on; with shift a tenth"], ["0, home", "to the beginning"],
  ["↑ ↓, 1 … 9", "another system, at the same place"], ["n, p", "next, previous clip"], ["m", "loudness matched or as it is"],
  ["l", "repeat"], ["e", "enlarge the spectrogram; + and − for more or less time detail"], ["b", "fold or unfold the bounds"],
  ["escape", "close what is enlarged; back to all clips"], ["?", "this list"],
];
V.help = () => {
  const dialog = V.el("dialog", { class: "help", "aria-label": "keys" }, V.el("h3", {}, "Keys"),
    V.el("dl", {}, KEYS.map(([key, what]) => V.el("div", {}, V.el("dt", {}, key), V.el("dd", {}, what)))),
    V.el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "close"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
};

document.addEventListener("keydown", (event) => {
  const view = V.open;
  if (!view || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog.help[open]")) return;
  if (event.target.matches("input[type=search], input[type=number], select, textarea")) return;
  const pressed = event.target.matches("button, a, summary, input[type=checkbox]") && [" ", "Enter"].includes(event.key);
  const sliding = event.target.matches("input[type=range]") && event.key.startsWith("Arrow");
  if (pressed || sliding) return;
  const { player, zoom, order } = view;
  const turn = (by) => player.choose(order[(order.indexOf(player.state.lane) + by + order.length) % order.length]);
  const go = (what) => { const link = document.querySelector(what); if (link) link.click(); };
  const step = event.shiftKey ? 0.1 : 0.5;
  const actions = {
    " ": player.toggle, k: player.toggle, ArrowLeft: () => player.seek(player.now() - step), ArrowRight: () => player.seek(player.now() + step),
    0: () => player.seek(0), Home: () => player.seek(0), ArrowUp: () => turn(-1), ArrowDown: () => turn(1),
    n: () => go("[data-step='1']"), p: () => go("[data-step='-1']"), m: () => player.match(!player.state.matched), l: () => player.loop(!player.state.loop),
    e: zoom.toggle, "+": () => zoom.step(2), "=": () => zoom.step(2), "-": () => zoom.step(1 / 2), b: view.fold, "?": V.help,
    Escape: () => { if (!zoom.open) go("[data-up]"); },
  };
  const digit = /^[1-9]$/.test(event.key) ? () => player.choose(order[Number(event.key) - 1] ?? player.state.lane) : null;
  const action = digit || actions[event.key];
  if (!action) return;
  if (event.key !== "Escape") event.preventDefault();
  action();
});
