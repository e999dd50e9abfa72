"use strict";
// All sounds of a trial run together and one of them is loud: a change keeps the place to the sample. The picture follows.
class Player {
  constructor(video, told) {
    this.video = video;
    this.told = told;
    this.buffers = new Map();
    this.playing = [];
    this.offset = 0;
    this.active = null;
    this.loop = false;
    this.from = 0;
    this.to = null;
    this.heard = {};
    this.before = null;
    setInterval(() => this.tick(), 40);
  }

  get context() {
    return (this.made ??= new AudioContext());
  }

  get length() {
    return Math.max(0, ...[...this.buffers.values()].map((buffer) => buffer.duration));
  }

  get end() {
    return this.to ?? this.length;
  }

  get position() {
    if (!this.playing.length) return this.offset;
    return Math.min(this.offset + Math.max(this.context.currentTime - this.started, 0), this.length);
  }

  // Takes [name, id of the sound]: a hidden reference is the sound of the open one under another name.
  async load(voices) {
    this.pause();
    this.buffers.clear();
    Object.assign(this, { offset: 0, active: null, from: 0, to: null, heard: {} });
    const decoded = await Promise.all(voices.map(([, id]) => {
      const text = atob(document.getElementById(`s-${id}`).textContent);
      return this.context.decodeAudioData(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
    }));
    voices.forEach(([name], place) => {
      this.buffers.set(name, decoded[place]);
      this.heard[name] = 0;
    });
  }

  play() {
    if (this.playing.length || !this.buffers.size) return;
    this.active ??= this.buffers.keys().next().value;
    if (this.offset < this.from || this.offset >= this.end - 0.01) this.offset = this.from;
    this.context.resume();
    const when = this.context.currentTime + 0.03;
    for (const [id, buffer] of this.buffers) {
      const gain = this.context.createGain();
      gain.gain.value = id === this.active ? 1 : 0;
      gain.connect(this.context.destination);
      const source = this.context.createBufferSource();
      source.buffer = buffer;
      source.connect(gain);
      if (this.offset < buffer.duration) source.start(when, this.offset);
      this.playing.push({ id, source, gain });
    }
    this.started = when;
    this.before = this.context.currentTime;
    this.video.currentTime = this.offset;
    this.video.play().catch(() => {});
    this.told();
  }

  pause() {
    if (!this.playing.length) return;
    this.offset = this.position;
    for (const { source, gain } of this.playing) {
      try { source.stop(); } catch { /* it began beyond its end */ }
      gain.disconnect();
    }
    this.playing = [];
    this.video.pause();
    this.video.currentTime = this.offset;
    this.told();
  }

  toggle() {
    if (this.playing.length) this.pause();
    else this.play();
  }

  choose(id) {
    this.active = id;
    // Ten milliseconds from one sound to the other: shorter clicks, longer blends.
    for (const one of this.playing) one.gain.gain.setTargetAtTime(one.id === id ? 1 : 0, this.context.currentTime, 0.003);
    if (!this.playing.length) this.play();
    this.told();
  }

  seek(seconds) {
    const on = this.playing.length > 0;
    this.pause();
    this.offset = Math.min(Math.max(seconds, 0), this.length);
    this.video.currentTime = this.offset;
    if (on) this.play();
    this.told();
  }

  tick() {
    if (!this.playing.length) return;
    const now = this.context.currentTime;
    if (now > this.started && this.active in this.heard) this.heard[this.active] += now - Math.max(this.before, this.started);
    this.before = now;
    if (this.position >= this.end - 0.005) {
      this.pause();
      this.offset = this.from;
      if (this.loop) this.play();
      else this.video.currentTime = this.offset;
    } else {
      // What is heard now was played a moment ago: wireless headphones are late by a tenth of a second and more.
      const heard = this.position - (this.context.outputLatency || 0);
      const video = this.video;
      if (video.readyState >= 2 && !video.seeking && !video.ended && heard >= 0 && Math.abs(video.currentTime - heard) > 0.08) {
        video.currentTime = heard;
      }
    }
    this.told();
  }
}
