// Plays one system's sound at a time; the muted picture follows it. The position belongs to the clip: it stays through
// a pause and through a change of system.
V.player = ({ lanes, video, changed }) => {
  const state = { lane: 0, at: 0, playing: false, matched: false, loop: false };
  const end = () => Math.max(...lanes.map((lane) => lane.seconds || 0), 0);
  const audio = (lane) => {
    if (!lane.audio && lane.source) {
      lane.audio = new Audio();
      lane.audio.preload = "auto";
      lane.audio.addEventListener("loadedmetadata", () => {
        if (!lane.seconds && Number.isFinite(lane.audio.duration)) { lane.seconds = lane.audio.duration; changed("length"); }
      });
      lane.audio.addEventListener("ended", () => { if (lanes[state.lane] === lane) ended(); });
      lane.audio.addEventListener("error", () => { lane.trouble = "This browser cannot play it, or its file is not where it was."; pause(); changed("trouble"); });
      lane.audio.src = lane.source;
    }
    return lane.audio;
  };
  const picture = () => {
    const lane = lanes[state.lane];
    const wanted = lane.video || video.dataset.own;
    if (wanted && video.getAttribute("src") !== wanted) video.src = wanted;
    return wanted ? video : null;
  };
  const offset = () => (lanes[state.lane].video ? 0 : Number(video.dataset.start || 0));
  const place = () => {
    const shown = picture();
    if (shown && Math.abs(shown.currentTime - offset() - state.at) > 0.02) shown.currentTime = state.at + offset();
  };
  const now = () => {
    const sound = lanes[state.lane].audio;
    if (state.playing && sound && !sound.seeking && sound.readyState > 1) state.at = sound.currentTime;
    return state.at;
  };
  const start = () => {
    const sound = audio(lanes[state.lane]);
    if (!sound) { state.playing = false; return; }
    if (sound.duration && state.at >= sound.duration - 0.01) state.at = 0;
    const mine = state.lane;
    const begin = () => {
      if (!state.playing || mine !== state.lane) return;
      sound.currentTime = state.at;
      sound.volume = state.matched ? lanes[mine].volume ?? 1 : 1;
      sound.play().catch(() => { if (mine === state.lane) pause(); });
      const shown = picture();
      if (shown) { shown.muted = true; place(); shown.play().catch(() => {}); }
    };
    if (sound.readyState >= 1) begin();
    else { sound.addEventListener("loadedmetadata", begin, { once: true }); sound.load(); }
  };
  const stop = () => {
    now();
    lanes.forEach((lane) => lane.audio && lane.audio.pause());
    video.pause();
  };
  const play = () => { if (!state.playing && lanes[state.lane].source) { state.playing = true; start(); changed("playing"); requestAnimationFrame(follow); } };
  const pause = () => { if (state.playing) { stop(); state.playing = false; changed("playing"); } };
  const ended = () => {
    stop();
    state.at = 0;
    if (state.loop) start(); else { state.playing = false; place(); changed("playing"); }
    changed("position");
  };
  const seek = (seconds) => {
    state.at = Math.min(Math.max(seconds, 0), Math.max(end() - 0.01, 0));
    if (state.playing) { stopAt(); start(); } else place();
    changed("position");
  };
  const stopAt = () => lanes.forEach((lane) => lane.audio && lane.audio.pause());
  const choose = (lane) => {
    if (lane === state.lane || !lanes[lane]) return;
    now();
    stopAt();
    state.lane = lane;
    if (!lanes[lane].source) pause();
    if (state.playing) start(); else place();
    changed("lane");
  };
  const follow = () => {
    if (!state.playing) return;
    const shown = picture();
    const ahead = shown ? shown.currentTime - offset() - now() : 0;
    if (shown && !shown.ended && !shown.seeking && Math.abs(ahead) > 0.08) shown.currentTime = state.at + offset();
    changed("position");
    requestAnimationFrame(follow);
  };
  const match = (on) => {
    state.matched = on;
    lanes.forEach((lane) => { if (lane.audio) lane.audio.volume = on ? lane.volume ?? 1 : 1; });
    changed("matched");
  };
  const warm = () => lanes.forEach((lane) => { if (lane.source && lane.source.startsWith("data:")) audio(lane); });
  return { state, now, end, play, pause, toggle: () => (state.playing ? pause() : play()), seek, choose, match, warm, show: place,
    loop: (on) => { state.loop = on; changed("loop"); },
    close: () => { pause(); lanes.forEach((lane) => { if (lane.audio) { lane.audio.removeAttribute("src"); lane.audio.load(); } }); } };
};
