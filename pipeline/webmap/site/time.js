/* The date as of which alerts are shown: a slider over the days on which something happened, and the film of them. */
'use strict';

(() => {
  const {text, drawn} = PITWATCH.words;
  const framesEvery = 350;  // milliseconds; a film of many days leaves some out
  const mostFrames = 60;

  class TimeBar {
    constructor(model, change) {
      this.model = model;
      this.change = change;
      this.slider = document.getElementById('time');
      this.label = document.getElementById('time-day');
      this.button = document.getElementById('play');
      this.film = null;
      this.slider.addEventListener('input', () => this._choose(Number(this.slider.value)));
      this.button.addEventListener('click', () => this.film ? this.stop() : this.play(null));
      document.getElementById('day-before').addEventListener('click', () => this._step(-1));
      document.getElementById('day-after').addEventListener('click', () => this._step(1));
      document.getElementById('newest').addEventListener('click', () => this._choose(this.model.days.length - 1));
      PITWATCH.player = this;
    }

    _choose(index) {
      this.stop();
      this._show(index);
    }

    _show(index) {
      const days = this.model.days;
      this.change({date: index >= days.length - 1 ? null : days[Math.max(0, index)]});
    }

    _step(by) {
      this._choose(Math.max(0, Math.min(this.model.days.length - 1, Number(this.slider.value) + by)));
    }

    /* Once the course of all alerts is known. */
    begin() {
      this.slider.max = this.model.days.length - 1;
      for (const id of ['time', 'play', 'day-before', 'day-after', 'newest']) document.getElementById(id).disabled = false;
      this._drawCounts();
    }

    /* Bars for the alerts that were first detected in each piece of the slider. */
    _drawCounts() {
      const days = this.model.days;
      const pieces = Math.min(120, days.length);
      const counts = new Array(pieces).fill(0);
      const place = new Map(days.map((day, i) => [day, i]));
      for (const alert of this.model.alerts) {
        counts[Math.min(pieces - 1, Math.floor(place.get(alert.first) / days.length * pieces))] += 1;
      }
      const most = Math.max(1, ...counts);
      const svg = document.getElementById('time-counts');
      svg.setAttribute('viewBox', '0 0 ' + pieces + ' 20');
      svg.replaceChildren(...counts.map((count, i) => drawn('rect', {
        x: i + 0.1, width: 0.8, y: 20 - 20 * Math.sqrt(count / most), height: 20 * Math.sqrt(count / most)})));
    }

    show(view) {
      const days = this.model.days;
      const shown = view.date || days[days.length - 1] || this.model.asOf || '';
      let index = days.length - 1;
      while (view.date && index > 0 && days[index] > view.date) --index;
      this.slider.value = index;
      this.label.textContent = shown;
      this.label.classList.toggle('is-past', view.date !== null);
      this.slider.setAttribute('aria-valuetext', shown);
      document.getElementById('newest').hidden = view.date === null;
    }

    /* The growth of one alert, or of all. */
    play(alert) {
      if (!this.model.hasGrowth) return;
      this.stop();
      const all = this.model.days;
      const from = alert ? Math.max(0, all.indexOf(alert.first) - 1) : 0;
      const own = alert ? new Set(alert.events.map((event) => event.day)) : null;
      let frames = all.map((day, i) => i).filter((i) => i >= from && (!own || own.has(all[i]) || i === from));
      if (frames.length > mostFrames) {
        const step = frames.length / mostFrames;
        frames = Array.from({length: mostFrames}, (none, i) => frames[Math.floor((i + 1) * step) - 1]);
      }
      frames.push(all.length - 1);
      let next = 0;
      const advance = () => {
        this._show(frames[next]);
        next += 1;
        if (next === frames.length) this.stop();
      };
      this.film = setInterval(advance, framesEvery);
      this._tell();
      advance();
    }

    stop() {
      if (this.film !== null) clearInterval(this.film);
      this.film = null;
      this._tell();
    }

    _tell() {
      this.button.textContent = text(this.film ? 'time.stop' : 'time.play');
      this.button.classList.toggle('is-playing', this.film !== null);
    }
  }

  Object.assign(PITWATCH, {TimeBar});
})();
