/* Two pictures of an alert's ground on the map, one on each side of a line that is moved. */
'use strict';

(() => {
  const {text, make, day} = PITWATCH.words;
  const partsOfDegree = 1e6;

  /* A picture between three corners (upper left, upper right, lower left), which a grid of another projection turns a little. */
  const Picture = L.Layer.extend({
    initialize(url, picture, pane) {
      L.setOptions(this, {pane});
      this._url = url;
      this._picture = picture;
      this._corners = picture.corners.map((corner) => L.latLng(corner[1] / partsOfDegree, corner[0] / partsOfDegree));
    },
    onAdd() {
      this._image = make('img', {alt: '', src: this._url, class: 'chip leaflet-zoom-animated', width: this._picture.width,
                                 height: this._picture.height});
      this.getPane().appendChild(this._image);
      this._place((latLng) => this._map.latLngToLayerPoint(latLng));
    },
    onRemove() {
      this._image.remove();
    },
    getEvents() {
      const place = () => this._place((latLng) => this._map.latLngToLayerPoint(latLng));
      return {zoom: place, viewreset: place,
              zoomanim: (event) => this._place((latLng) => this._map._latLngToNewLayerPoint(latLng, event.zoom, event.center))};
    },
    _place(pointOf) {
      const [upperLeft, upperRight, lowerLeft] = this._corners.map(pointOf);
      const {width, height} = this._picture;
      const numbers = [(upperRight.x - upperLeft.x) / width, (upperRight.y - upperLeft.y) / width,
                       (lowerLeft.x - upperLeft.x) / height, (lowerLeft.y - upperLeft.y) / height, upperLeft.x, upperLeft.y];
      this._image.style.transform = 'matrix(' + numbers.join(',') + ')';
    },
  });

  function titleOf(picture) {
    return text('picture.' + picture.role, {day: day(picture.acquired)});
  }

  class Swipe {
    constructor(alertMap, change) {
      this.map = alertMap.leaflet;
      this.change = change;
      this.shown = {left: null, right: null};
      this.layers = {left: null, right: null};
      for (const side of ['left', 'right']) {
        const pane = this.map.createPane('picture-' + side);
        pane.classList.add('pictures');
      }
      this.slider = make('input', {type: 'range', min: 0, max: 1000, value: 500, class: 'swipe', id: 'swipe',
                                   'aria-label': text('swipe.label'), input: () => this._clip()});
      this.line = make('div', {class: 'swipe-line', 'aria-hidden': 'true'});
      this.titles = {left: make('div', {class: 'swipe-title is-left'}), right: make('div', {class: 'swipe-title is-right'})};
      this.box = make('div', {class: 'swipe-box', hidden: true}, this.line, this.slider, this.titles.left, this.titles.right);
      document.getElementById('map-frame').append(this.box);
      this.map.on('move zoom resize', () => this._clip());
    }

    /* Of an alert's pictures those that the view asks for: {left, right}, or null where there are none. */
    static choose(pictures, view) {
      if (pictures.length === 0) return null;
      const named = (name) => pictures.find((picture) => picture.name === name);
      const byDate = view.date ? pictures.filter((picture) => day(picture.acquired) <= view.date).pop() : null;
      return {left: named(view.left) || pictures[0], right: named(view.right) || byDate || pictures[pictures.length - 1]};
    }

    /* Shows the pictures of an alert; none where it has none, or where they are not asked for. */
    show(pictures, view) {
      const chosen = view.compare ? Swipe.choose(pictures, view) : null;
      PITWATCH.hasPictures = Boolean(chosen);
      this.box.hidden = !chosen;
      for (const side of ['left', 'right']) {
        const url = chosen ? chosen[side].file + '-' + view.composite + '.png' : null;
        if (url === this.shown[side]) continue;
        this.shown[side] = url;
        const before = this.layers[side];
        this.layers[side] = url ? new Picture(url, chosen[side], 'picture-' + side).addTo(this.map) : null;
        if (before) before.remove();
      }
      if (!chosen) return;
      for (const side of ['left', 'right']) this.titles[side].textContent = titleOf(chosen[side]);
      this._clip();
    }

    /* The right pictures on the right of the line, the left ones on its left. */
    _clip() {
      if (this.box.hidden) return;
      const size = this.map.getSize();
      const share = Number(this.slider.value) / 1000;
      const corner = this.map.containerPointToLayerPoint([0, 0]);
      const x = corner.x + size.x * share;
      const far = 1e5;
      const clip = (from, to) => 'polygon(' + [[from, -far], [to, -far], [to, far], [from, far]]
          .map((point) => point.map((value) => value + 'px').join(' ')).join(', ') + ')';
      this.map.getPane('picture-left').style.clipPath = clip(-far, x);
      this.map.getPane('picture-right').style.clipPath = clip(x, far);
      this.line.style.left = share * 100 + '%';
      this.slider.setAttribute('aria-valuetext', text('swipe.value', {share: PITWATCH.words.percent(share)}));
    }
  }

  Object.assign(PITWATCH, {Swipe, titleOfPicture: titleOf});
})();
