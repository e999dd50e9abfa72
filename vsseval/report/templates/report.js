"use strict";
(() => {
  // One output plays at a time; the card's muted video follows its sound.
  let now = null;
  function stop() {
    if (!now) return;
    now.audio.pause();
    if (now.video) now.video.pause();
    now.button.classList.remove("on");
    if (now.line) now.line.classList.remove("on");
    now = null;
  }
  function play(output, at) {
    const card = output.closest(".clip");
    stop();
    const mine = {
      output, card, audio: output.querySelector("audio"), button: output.querySelector(".play"),
      line: output.querySelector(".spectrogram i"), video: card.querySelector("video"),
    };
    now = mine;
    mine.button.classList.add("on");
    if (mine.line) mine.line.classList.add("on");
    const begin = () => {
      mine.audio.currentTime = at;
      if (mine.video) {
        mine.video.muted = true;
        mine.video.currentTime = at;
        mine.video.play().catch(() => {});
      }
      mine.audio.play().catch(() => { if (now === mine) stop(); });
      requestAnimationFrame(() => follow(mine));
    };
    if (mine.audio.readyState >= 1) begin();
    else {
      mine.audio.addEventListener("loadedmetadata", begin, { once: true });
      mine.audio.load();
    }
  }
  function follow(mine) {
    if (now !== mine) return;
    const { audio, video, line } = mine;
    if (line && audio.duration) line.style.left = `${(100 * audio.currentTime) / audio.duration}%`;
    const ahead = video ? video.currentTime - audio.currentTime : 0;
    if (video && !video.ended && !video.seeking && Math.abs(ahead) > 0.08) video.currentTime = audio.currentTime;
    if (audio.ended) stop();
    else requestAnimationFrame(() => follow(mine));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.play");
    if (button) {
      const output = button.closest(".output");
      if (now && now.output === output) { stop(); return; }
      const same = now && now.card === output.closest(".clip");
      play(output, same ? now.audio.currentTime : 0);
      return;
    }
    const picture = event.target.closest(".spectrogram");
    if (picture && picture.closest(".output").querySelector("audio")) {
      const box = picture.getBoundingClientRect();
      const output = picture.closest(".output");
      const audio = output.querySelector("audio");
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      const go = () => play(output, share * audio.duration);
      if (audio.readyState >= 1) go();
      else {
        audio.addEventListener("loadedmetadata", go, { once: true });
        audio.load();
      }
    }
  });
})();
