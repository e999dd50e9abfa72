(() => {
  const get = (id) => document.getElementById(id);
  const test = JSON.parse(get("test").textContent);
  const trials = new Map(test.trials.map((trial) => [trial.id, trial]));
  const shelf = `vsseval listening test ${test.test}`;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const player = new Player(get("picture"), showPlace);
  let state = null;
  let shown = null;
  let order = [];

  // Order: a generator seeded with the test's seed and the rater's name, so that a page opened again is the same page.
  function random(text) {
    let hash = 2166136261;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    return () => {
      hash = (hash + 0x6d2b79f5) | 0;
      let mixed = Math.imul(hash ^ (hash >>> 15), 1 | hash);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }
  function shuffled(list, draw) {
    const made = [...list];
    for (let i = made.length - 1; i > 0; i--) {
      const j = Math.floor(draw() * (i + 1));
      [made[i], made[j]] = [made[j], made[i]];
    }
    return made;
  }
  function plan(rater) {
    const draw = random(`${test.seed} ${test.test} ${rater}`);
    const groups = new Map();
    for (const trial of shuffled(test.trials.filter((one) => !one.always), draw)) {
      groups.set(trial.group, [...(groups.get(trial.group) ?? []), trial]);
    }
    const turns = shuffled([...groups.keys()], draw).map((name) => groups.get(name));
    const chosen = [];
    for (let turn = 0; chosen.length < test.perRater && turns.some((one) => one[turn]); turn++) {
      for (const one of turns) if (one[turn] && chosen.length < test.perRater) chosen.push(one[turn]);
    }
    const all = shuffled([...chosen, ...test.trials.filter((one) => one.always)], draw);
    const planned = all.map((trial) => ({ trial: trial.id, stimuli: shuffled(trial.stimuli, draw) }));
    // Practice is with the last ones, which are then farthest away.
    const practice = test.practice ? planned.slice(-test.practice).reverse() : [];
    return [...practice.map(({ trial }) => ({ trial, stimuli: shuffled(trials.get(trial).stimuli, draw), practice: true })), ...planned];
  }

  // What is kept between two visits of this page; a browser that keeps nothing is told of.
  function keep() {
    try { localStorage.setItem(shelf, JSON.stringify(state)); return true; } catch { return false; }
  }
  function kept() {
    try { return valid(JSON.parse(localStorage.getItem(shelf))); } catch { return null; }
  }
  function valid(found) {
    const good = found && found.test === test.test && typeof found.rater === "string" && Array.isArray(found.answers)
      && Array.isArray(found.plan) && found.plan.length > 0
      && Number.isInteger(found.practised) && found.plan.every((one) => trials.has(one.trial) && Array.isArray(one.stimuli));
    return good ? found : null;
  }

  // The first page.
  const form = get("about");
  const named = new URLSearchParams(location.hash.slice(1)).get("rater");
  if (named) form.elements.rater.value = named.slice(0, 80);
  const old = kept();
  if (old && !named) {
    for (const [name, value] of Object.entries({ ...old.listener, rater: old.rater })) if (form.elements[name]) form.elements[name].value = value;
    get("told").textContent = `${old.answers.length} of ${count(old.plan)} trials of ${old.rater} are answered here: begin to go on with them.`;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { rater, ...listener } = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
    if (!rater) return;
    const found = kept();
    if (found && found.rater === rater) state = found;
    else {
      if (found && found.answers.length && !confirm(`This browser holds ${found.answers.length} answers of ${found.rater}. Begin anew as ${rater}, and forget them?`)) return;
      state = {
        schema: 1, test: test.test, kind: test.kind, rater, listener, session: crypto.randomUUID ? crypto.randomUUID() : String(Math.random()),
        started: new Date().toISOString(), finished: null, comment: "", practised: 0, plan: plan(rater), answers: [],
      };
    }
    begin();
  });
  get("resume").addEventListener("change", async (event) => {
    let found = null;
    try { found = valid(JSON.parse(await event.target.files[0].text())); } catch { /* told below */ }
    if (!found) { get("told").textContent = "This file holds no answers to this test."; return; }
    state = found;
    begin();
  });
  get("volume").addEventListener("click", async () => {
    const id = test.trials[0].stimuli[0];
    await player.load([[id, id]]);
    player.play();
  });
  function begin() {
    order = state.plan;
    if (!keep()) alert("This browser keeps nothing of this page: do not close it before you have saved your answers.");
    const next = order.findIndex((one, place) => (one.practice ? place >= state.practised : !answerOf(one.trial)));
    show("trial");
    open(next < 0 ? order.length : next);
  }
  function count(planned) { return planned.filter((one) => !one.practice).length; }
  function show(name) {
    for (const id of ["welcome", "trial", "end"]) get(id).hidden = id !== name;
  }
  const answerOf = (trial) => state.answers.find((one) => one.trial === trial);

  // A trial.
  async function open(place) {
    player.pause();
    const bar = document.querySelector(".progress");
    bar.hidden = false;
    bar.setAttribute("aria-valuenow", state.answers.length);
    bar.setAttribute("aria-valuemax", count(order));
    bar.firstElementChild.style.width = `${(100 * state.answers.length) / count(order)}%`;
    if (place >= order.length) { finished(); return; }
    const { trial: id, stimuli, practice } = order[place];
    const trial = trials.get(id);
    const answered = practice ? undefined : answerOf(id);
    shown = { place, practice, trial, stimuli, better: answered?.better ?? null, scores: { ...answered?.scores }, began: Date.now(), ready: false, before: answered?.heard ?? {} };
    const first = order.length - count(order);
    get("place").textContent = practice ? `Practice ${place + 1} of ${first}, which does not count` : `Trial ${place + 1 - first} of ${count(order)}`;
    const picture = document.getElementById(`v-${trial.clip}`);
    get("picture").hidden = !picture;
    if (picture) get("picture").src = picture.textContent;
    else get("picture").removeAttribute("src");
    const words = test.words[trial.clip];
    get("words").hidden = !words;
    get("words").lastElementChild.textContent = words ?? "";
    get("back").style.visibility = place ? "visible" : "hidden";
    get("choices").replaceChildren(...views[test.kind](shown));
    get("wanting").textContent = "";
    get("trial").setAttribute("aria-busy", "true");
    get("question").focus({ preventScroll: true });
    scrollTo(0, 0);
    const mine = shown;
    const voices = stimuli.map((one) => [one, one]);
    if (trial.reference) voices.unshift(["reference", trial.reference]);
    try {
      await player.load(voices);
      if (mine !== shown) return;
      for (const [name] of voices) player.heard[name] = mine.before[name] ?? 0;
      mine.ready = true;
    } catch (problem) {
      mine.broken = String(problem);
      get("wanting").textContent = "A sound of this trial cannot be played here. Press Next to go on without it.";
    }
    player.active = voices[0][0];
    get("trial").setAttribute("aria-busy", "false");
    showPlace();
  }
  function hear(name) {
    if (shown?.ready) player.choose(name);
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }
  function voice(name, label, key) {
    const button = element("button", { type: "button", className: "voice" }, element("b", { textContent: label }), element("small", { textContent: `key ${key}` }));
    button.dataset.voice = name;
    button.setAttribute("aria-label", `hear ${label}`);
    button.addEventListener("click", () => hear(name));
    return button;
  }
  function choice(value, head, text, group) {
    const button = element("button", { type: "button" }, element("b", { textContent: head }), element("small", { textContent: text }));
    button.setAttribute("role", "radio");
    button.dataset.value = value;
    button.addEventListener("click", () => { group(value); });
    return button;
  }
  const views = {
    ab: ({ stimuli }) => {
      const [left, right] = stimuli;
      const verdicts = element("div", { className: "verdicts" },
        choice(left, "A is better", "key J", judge), choice("tie", "No difference", "key K", judge), choice(right, "B is better", "key L", judge));
      verdicts.setAttribute("role", "radiogroup");
      return [element("div", { className: "pair" }, voice(left, "A", 1), voice(right, "B", 2)), verdicts];
    },
    mos: ({ stimuli }) => {
      const grades = element("div", { className: "grades" },
        ...[...test.grades].reverse().map(([grade, word]) => choice(String(grade), String(grade), word, (value) => rate(stimuli[0], Number(value)))));
      grades.setAttribute("role", "radiogroup");
      return [grades];
    },
    mushra: ({ stimuli }) => {
      const reference = voice("reference", "Reference", 0);
      reference.classList.add("reference");
      const bands = element("div", { className: "scale" }, element("span"), element("div", { className: "bands" }, ...test.bands.map((word) => element("span", { textContent: word }))), element("span"));
      return [reference, bands, ...stimuli.map((id, place) => {
        const slider = element("input", { type: "range", min: 0, max: 100, step: 1, value: shown?.scores[id] ?? 50 });
        slider.setAttribute("aria-label", `points of ${letters[place]}`);
        slider.addEventListener("input", () => rate(id, Number(slider.value)));
        slider.addEventListener("click", () => rate(id, Number(slider.value)));
        slider.addEventListener("focus", () => { if (player.active !== id && player.playing.length) hear(id); });
        const row = element("div", { className: "rated" }, voice(id, letters[place], place < 9 ? place + 1 : "–"), slider, element("output"));
        row.dataset.id = id;
        return row;
      })];
    },
  };
  function judge(value) { shown.better = value; showPlace(); }
  function rate(id, value) { shown.scores[id] = value; showPlace(); }

  function showPlace() {
    const seek = get("seek");
    const length = player.length;
    if (document.activeElement !== seek || player.playing.length) seek.value = length ? (1000 * player.position) / length : 0;
    get("clock").textContent = `${player.position.toFixed(1)} / ${length.toFixed(1)} s`;
    get("play").classList.toggle("on", player.playing.length > 0);
    const span = get("span");
    span.hidden = !(player.from > 0 || player.to !== null) || !length;
    span.style.left = `${(100 * player.from) / (length || 1)}%`;
    span.style.width = `${(100 * (player.end - player.from)) / (length || 1)}%`;
    if (!shown) return;
    for (const button of document.querySelectorAll("[data-voice]")) button.classList.toggle("on", button.dataset.voice === player.active);
    const picked = test.kind === "mos" ? String(shown.scores[shown.stimuli[0]] ?? "") : shown.better;
    for (const button of document.querySelectorAll("[data-value]")) button.setAttribute("aria-checked", String(button.dataset.value === picked));
    for (const row of document.querySelectorAll(".rated")) {
      const score = shown.scores[row.dataset.id];
      row.classList.toggle("unrated", score === undefined);
      row.querySelector("output").textContent = score ?? "–";
      if (score !== undefined) row.querySelector("input").value = score;
    }
    get("next").setAttribute("aria-disabled", String(wanting() !== ""));
  }

  // What is still missing, in words; empty where nothing is.
  function wanting() {
    if (shown.broken) return "";
    if (!shown.ready) return "The sounds are being read.";
    const needs = [...player.buffers].filter(([id, buffer]) => player.heard[id] < Math.min(test.leastHeard, 0.9 * buffer.duration));
    if (needs.length) {
      const names = needs.map(([name]) => (name === "reference" ? "the reference" : shown.stimuli.length > 1 ? letters[shown.stimuli.indexOf(name)] : "the sound"));
      return `Listen to ${names.join(", ")} first.`;
    }
    if (test.kind === "ab" && !shown.better) return "Choose A, B, or no difference.";
    const unrated = test.kind === "ab" ? [] : shown.stimuli.filter((id) => shown.scores[id] === undefined);
    if (unrated.length) return test.kind === "mos" ? "Choose a grade." : `Rate ${unrated.map((id) => letters[shown.stimuli.indexOf(id)]).join(", ")}: move the sliders, or click on them.`;
    if (test.kind === "mushra" && !Object.values(shown.scores).includes(100)) return "One of them is the reference itself: give it 100.";
    return "";
  }
  function next() {
    if (!shown) return;
    const missing = wanting();
    get("wanting").textContent = missing;
    if (missing) return;
    if (shown.practice) {
      state.practised = Math.max(state.practised, shown.place + 1);
      keep();
      open(shown.place + 1);
      return;
    }
    const round = (seconds) => Math.round(100 * seconds) / 100;
    const made = {
      trial: shown.trial.id, stimuli: shown.stimuli, heard: Object.fromEntries(Object.entries(player.heard).map(([id, seconds]) => [id, round(seconds)])),
      seconds: round((Date.now() - shown.began) / 1000), at: new Date().toISOString(),
    };
    if (shown.broken) made.skipped = shown.broken.slice(0, 200);
    else if (test.kind === "ab") made.better = shown.better;
    else made.scores = Object.fromEntries(shown.stimuli.map((id) => [id, shown.scores[id]]));
    state.answers = [...state.answers.filter((one) => one.trial !== made.trial), made];
    keep();
    open(shown.place + 1);
  }
  function finished() {
    shown = null;
    player.pause();
    state.finished ??= new Date().toISOString();
    keep();
    get("place").textContent = "Listening test";
    get("count").textContent = count(order);
    get("comment").value = state.comment ?? "";
    show("end");
    document.querySelector("#end h1").focus();
  }
  function save() {
    state.comment = get("comment").value;
    keep();
    const blob = new Blob([JSON.stringify(state, null, 1)], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: `answers-${state.rater.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 40) || "x"}-${test.test.slice(0, 6)}.json` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    get("saved").textContent = `Saved as ${link.download}, where this browser puts its downloads.`;
  }

  // Buttons and keys.
  get("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  get("play").addEventListener("click", () => { if (shown?.ready) player.toggle(); });
  get("seek").addEventListener("input", () => player.seek((get("seek").value / 1000) * player.length));
  get("loop").addEventListener("change", () => { player.loop = get("loop").checked; });
  get("next").addEventListener("click", next);
  get("back").addEventListener("click", () => { if (shown?.place) open(shown.place - 1); });
  get("save").addEventListener("click", save);
  get("finish").addEventListener("click", save);
  // A button pressed with the mouse gives the focus back, so that the space bar plays.
  document.addEventListener("click", (event) => { if (event.detail) event.target.closest("button, summary, input[type=checkbox]")?.blur(); });
  addEventListener("beforeunload", () => { if (state) keep(); });
  const told = {
    ab: [["1 2", "hear A, B"], ["J K L", "A is better, no difference, B is better"]],
    mos: [["1 … 5", "grade"]],
    mushra: [["0", "hear the reference"], ["1 2 …", "hear A, B, …"], ["↑ ↓", "more, fewer points for the one you hear (with shift: ten)"]],
  }[test.kind];
  const common = [["space", "play, pause"], ["← →", "half a second back, on"], ["home", "from the start"], ["[ ]", "from here, to here; the same again takes it away"], ["O", "loop"], ["enter", "next"]];
  get("keys").replaceChildren(...[...told, ...common].flatMap(([key, text]) => [element("kbd", { textContent: key }), ` ${text} \u00a0 `]));

  addEventListener("keydown", (event) => {
    if (!shown || get("trial").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("textarea, select")) return;
    // Whoever walks by the tabulator presses what has the focus; a slider moves by its own keys.
    if (event.target.matches("button, summary, input[type=checkbox]") && (event.key === " " || event.key === "Enter")) return;
    if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
    const step = event.shiftKey ? 10 : 1;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (act(key, step)) event.preventDefault();
  });
  function act(key, step) {
    const number = /^[0-9]$/.test(key) ? Number(key) : null;
    if (key === " ") { if (shown.ready) player.toggle(); }
    else if (key === "Enter") next();
    else if (key === "ArrowLeft" || key === "ArrowRight") player.seek(player.position + (key === "ArrowLeft" ? -0.5 : 0.5));
    else if (key === "Home") player.seek(player.from);
    else if (key === "[") player.from = Math.abs(player.from - player.position) < 0.05 ? 0 : player.position;
    else if (key === "]") player.to = player.to !== null && Math.abs(player.to - player.position) < 0.05 ? null : player.position;
    else if (key === "o") { get("loop").checked = player.loop = !player.loop; }
    else if (test.kind === "ab" && "jkl".includes(key)) judge([shown.stimuli[0], "tie", shown.stimuli[1]]["jkl".indexOf(key)]);
    else if (test.kind === "mos" && number >= 1 && number <= 5) rate(shown.stimuli[0], number);
    else if (test.kind === "mushra" && number === 0) hear("reference");
    else if (test.kind !== "mos" && number && shown.stimuli[number - 1]) hear(shown.stimuli[number - 1]);
    else if (test.kind === "mushra" && (key === "ArrowUp" || key === "ArrowDown") && shown.stimuli.includes(player.active)) {
      const now = shown.scores[player.active] ?? 50;
      rate(player.active, Math.min(100, Math.max(0, now + (key === "ArrowUp" ? step : -step))));
    } else return false;
    if (player.to !== null && player.to <= player.from) player.to = null;
    showPlace();
    return true;
  }
})();
