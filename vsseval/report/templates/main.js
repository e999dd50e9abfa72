// Shows the view that the address names, and goes with it.
(() => {
  const overview = document.getElementById("overview");
  const stage = document.getElementById("explorer");
  const tabs = document.querySelector("nav.views");
  const names = { clips: "Clips", clip: "Clip", differences: "Differences", scatter: "Scatter", distributions: "Distributions" };
  let leave = null;
  let last = "";

  const drawTabs = (view, bench) => {
    const shown = view === "clip" ? "clips" : view;
    const tab = (name, text, href) => V.el("a", { href, "aria-current": shown === name ? "page" : null }, text);
    const known = V.benches.map((key) => [key, key.replace("~", ", table ")]);
    tabs.replaceChildren(tab("overview", "Overview", "#overview"),
      ...["clips", "differences", "scatter", "distributions"].map((name) => tab(name, names[name], V.hash(name, { bench }))),
      ...(V.benches.length > 1 && V.views[view] ? [V.labelled("benchmark", V.select("bench", known, bench, (key) => { location.hash = V.hash(shown, { bench: key }); }))] : []));
  };
  const show = () => {
    const address = V.address();
    const view = V.views[address.view] ? address.view : "overview";
    if (leave) leave();
    leave = null;
    const bench = V.benches.length ? (view === "overview" ? V.benches[0] : V.current().key) : "";
    drawTabs(view, bench);
    overview.hidden = view !== "overview";
    stage.hidden = view === "overview";
    stage.replaceChildren();
    stage.className = `view-${view}`;
    document.body.dataset.view = view;
    if (view !== "overview") leave = V.views[view](stage) || null;
    if (view === "overview") {
      const target = address.view && document.getElementById(address.view);
      if (target) target.scrollIntoView({ behavior: "instant" });
      else if (last && last !== "overview") scrollTo({ top: 0, behavior: "instant" });
    } else if (last !== view || view === "clip") scrollTo({ top: 0, behavior: "instant" });
    document.title = document.title.replace(/^.*?vsseval:/, `${view === "clip" ? `${address.clip} · ` : view === "overview" ? "" : `${names[view]} · `}vsseval:`);
    last = view;
  };
  if (!V.benches.length) return;
  addEventListener("hashchange", show);
  // The media of a clip stand behind this script: an address of a clip waits for them.
  if (V.address().view === "clip" && document.readyState === "loading") addEventListener("DOMContentLoaded", show);
  else show();
  addEventListener("beforeprint", () => V.printing && V.printing(true));
  addEventListener("afterprint", () => V.printing && V.printing(false));
  let waiting = 0;
  const redraw = () => { clearTimeout(waiting); waiting = setTimeout(() => V.redraw && V.redraw(), 60); };
  addEventListener("resize", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
