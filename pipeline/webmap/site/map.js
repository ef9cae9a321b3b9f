/* The map: graticule, sites, layers and alerts on one canvas, which stays fluid with thousands of them. */
'use strict';

(() => {
  const {text, make} = PITWATCH.words;
  const smallest = 9;      // pixels: what is smaller is drawn as a dot
  const dotRadius = 5.5;
  const reach = 12;        // pixels around a dot that count as it
  const steps = [60, 30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  const labelledSite = 70;  // pixels
  const endedStatuses = ['closed', 'superseded', 'not_watched'];

  const unit = (latLng) => {
    const sine = Math.sin(latLng.lat * Math.PI / 180);
    return {x: latLng.lng / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)};
  };
  const latLngOf = (x, y) => L.latLng((Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI))) * 180 / Math.PI, (x - 0.5) * 360);

  /* Colours of the style sheet, as they are in this light. */
  function colourOf(name) {
    return getComputedStyle(document.documentElement).getPropertyValue('--' + name.replace(/_/g, '-')).trim();
  }
  const colours = new Map();
  function colour(name) {
    if (!colours.has(name)) colours.set(name, colourOf(name));
    return colours.get(name);
  }

  /* An alert too small for its outline, drawn once for each colour and status: thousands of dots are copied faster than drawn. */
  const dots = new Map();
  function dotOf(name, status) {
    const ratio = window.devicePixelRatio || 1;
    const key = name + ' ' + status + ' ' + ratio;
    if (!dots.has(key)) {
      const size = Math.ceil(2 * (dotRadius + 2) * ratio);
      const dot = make('canvas', {width: size, height: size});
      const pen = dot.getContext('2d');
      const hasEnded = endedStatuses.includes(status);
      pen.scale(ratio, ratio);
      pen.beginPath();
      pen.arc(size / ratio / 2, size / ratio / 2, dotRadius, 0, 2 * Math.PI);
      pen.globalAlpha = hasEnded ? 0.35 : 1;
      pen.fillStyle = colour(status === 'provisional' ? 'paper' : name);
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = status === 'provisional' ? 2.5 : 1.5;
      pen.strokeStyle = colour(status === 'provisional' || hasEnded ? name : 'paper');
      pen.stroke();
      dots.set(key, dot);
    }
    return dots.get(key);
  }

  const Ground = L.Renderer.extend({
    options: {padding: 0.25},

    initialize(model) {
      L.Renderer.prototype.initialize.call(this);
      this._model = model;
      this._rows = [];
      this._view = null;
      this._hidden = new Set();
    },
    _initContainer() {
      this._container = make('canvas', {'aria-hidden': 'true'});
      this._pen = this._container.getContext('2d');
    },
    _destroyContainer() {
      this._container.remove();
    },
    _updatePaths() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const ratio = window.devicePixelRatio || 1;
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.width = Math.round(size.x * ratio);
      this._container.height = Math.round(size.y * ratio);
      this._container.style.width = size.x + 'px';
      this._container.style.height = size.y + 'px';
      this.draw();
    },

    show(rows, view) {
      this._rows = rows;
      this._view = view;
      this._hidden = new Set(view.hidden);
      if (this._map) this.draw();
    },

    /* The canvas's place on the unit square. */
    _frame() {
      const scale = 256 * Math.pow(2, this._map.getZoom());
      const corner = this._map.getPixelOrigin().add(this._bounds.min);
      const size = this._bounds.getSize();
      return {scale, x: corner.x / scale, y: corner.y / scale, right: (corner.x + size.x) / scale,
              bottom: (corner.y + size.y) / scale};
    },

    draw() {
      if (!this._bounds || !this._view) return;
      const pen = this._pen;
      const ratio = window.devicePixelRatio || 1;
      const size = this._bounds.getSize();
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, size.x, size.y);
      pen.lineJoin = 'round';
      const frame = this._frame();
      this._drawGraticule(pen, frame);
      this._drawLayers(pen, frame);
      this._drawSites(pen, frame);
      let chosen = null;
      for (const row of this._rows) {
        if (row.alert.id === this._view.alert) chosen = row;
        else this._drawAlert(pen, frame, row, false);
      }
      if (chosen) this._drawAlert(pen, frame, chosen, true);
    },

    _isSeen(frame, box) {
      return box[0] <= frame.right && box[2] >= frame.x && box[1] <= frame.bottom && box[3] >= frame.y;
    },
    _size(frame, box) {
      return Math.max(box[2] - box[0], box[3] - box[1]) * frame.scale;
    },
    _trace(pen, frame, lines, isClosed) {
      pen.beginPath();
      for (const line of lines) {
        for (let i = 0; i + 1 < line.length; i += 2) {
          const x = (line[i] - frame.x) * frame.scale;
          const y = (line[i + 1] - frame.y) * frame.scale;
          if (i === 0) pen.moveTo(x, y);
          else pen.lineTo(x, y);
        }
        if (isClosed) pen.closePath();
      }
    },

    _drawGraticule(pen, frame) {
      const degreePixels = frame.scale / 360;
      const step = steps.filter((one) => one * degreePixels >= 110).pop() || steps[0];
      const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
      const from = latLngOf(Math.max(frame.x, 0), Math.min(frame.bottom, 1));
      const to = latLngOf(Math.min(frame.right, 1), Math.max(frame.y, 0));
      const origin = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min);
      const width = this._bounds.getSize().x;
      const height = this._bounds.getSize().y;
      const bottom = origin.y + this._map.getSize().y;
      pen.strokeStyle = colour('graticule');
      pen.fillStyle = colour('faint');
      pen.lineWidth = 1;
      pen.font = '11px system-ui, sans-serif';
      pen.beginPath();
      const label = (value, positive, negative) =>
          Math.abs(value).toFixed(decimals) + '° ' + text(value < 0 ? negative : positive);
      for (let i = Math.ceil(from.lng / step); i * step <= to.lng; ++i) {
        const x = Math.round((unit({lat: 0, lng: i * step}).x - frame.x) * frame.scale) + 0.5;
        pen.moveTo(x, 0);
        pen.lineTo(x, height);
        pen.fillText(label(i * step, 'map.east', 'map.west'), x + 4, bottom - 5);
      }
      for (let i = Math.ceil(from.lat / step); i * step <= to.lat; ++i) {
        const y = Math.round((unit({lat: i * step, lng: 0}).y - frame.y) * frame.scale) + 0.5;
        pen.moveTo(0, y);
        pen.lineTo(width, y);
        pen.textAlign = 'right';
        pen.fillText(label(i * step, 'map.north', 'map.south'), origin.x + this._map.getSize().x - 6, y - 4);
        pen.textAlign = 'left';
      }
      pen.stroke();
    },

    _drawLayers(pen, frame) {
      this._model.layers.forEach((layer, i) => {
        if (this._hidden.has(i)) return;
        pen.strokeStyle = pen.fillStyle = colour('layer-' + layer.role);
        for (const feature of layer.features) {
          pen.lineWidth = 1.5;
          pen.setLineDash(layer.role === 'parcel' ? [2, 3] : layer.role === 'licence' ? [9, 4] : []);
          if (this._isSeen(frame, feature.area.box)) {
            this._trace(pen, frame, feature.area.lines, true);
            pen.globalAlpha = layer.role === 'surface_water' ? 0.25 : layer.role === 'parcel' ? 0 : 0.06;
            pen.fill('evenodd');
            pen.globalAlpha = 1;
            pen.stroke();
          }
          if (this._isSeen(frame, feature.path.box)) {
            pen.lineWidth = 2;
            this._trace(pen, frame, feature.path.lines, false);
            pen.stroke();
          }
          pen.setLineDash([]);
          for (let j = 0; j + 1 < feature.spots.length; j += 2) {
            const x = (feature.spots[j] - frame.x) * frame.scale;
            const y = (feature.spots[j + 1] - frame.y) * frame.scale;
            pen.beginPath();
            pen.moveTo(x, y - 6);
            pen.lineTo(x + 5, y + 4);
            pen.lineTo(x - 5, y + 4);
            pen.closePath();
            pen.fill();
          }
        }
      });
      pen.setLineDash([]);
    },

    _drawSites(pen, frame) {
      for (const site of this._model.sites) {
        const box = site.shape.box;
        if (!this._isSeen(frame, box)) continue;
        pen.strokeStyle = colour('site');
        pen.fillStyle = colour('ink');
        pen.lineWidth = site.id === this._view.site ? 2.5 : 1.5;
        const pixels = this._size(frame, box);
        const x = (box[0] - frame.x) * frame.scale;
        const y = (box[1] - frame.y) * frame.scale;
        if (pixels < smallest) {
          pen.strokeRect(x - 3, y - 3, 8, 8);
          continue;
        }
        pen.setLineDash(site.watched ? [] : [4, 4]);
        this._trace(pen, frame, site.shape.lines, true);
        pen.stroke();
        pen.setLineDash([]);
        if (pixels < labelledSite) continue;
        pen.font = '600 12px system-ui, sans-serif';
        pen.lineWidth = 4;
        pen.strokeStyle = colour('paper');
        pen.strokeText(site.name, x + 2, y - 6);
        pen.fillText(site.name, x + 2, y - 6);
      }
    },

    _drawAlert(pen, frame, row, isChosen) {
      const shape = row.now.shape;
      if (!this._isSeen(frame, shape.box)) return;
      const status = row.now.status;
      const ink = colour(colourName(this._view.colour, row));
      if (this._size(frame, shape.box) < smallest) {
        const x = ((shape.box[0] + shape.box[2]) / 2 - frame.x) * frame.scale;
        const y = ((shape.box[1] + shape.box[3]) / 2 - frame.y) * frame.scale;
        const dot = dotOf(colourName(this._view.colour, row), status);
        const half = dot.width / 2 / (window.devicePixelRatio || 1);
        pen.drawImage(dot, x - half, y - half, 2 * half, 2 * half);
        if (isChosen) this._ring(pen, x, y);
        return;
      }
      const hasEnded = endedStatuses.includes(status);
      pen.fillStyle = ink;
      this._trace(pen, frame, shape.lines, true);
      const showsPictures = isChosen && this._view.compare && PITWATCH.hasPictures;
      pen.globalAlpha = showsPictures ? 0 : hasEnded ? 0.12 : isChosen ? 0.5 : 0.35;
      pen.fill('evenodd');
      pen.globalAlpha = 1;
      if (isChosen) {
        pen.lineWidth = 5.5;
        pen.strokeStyle = colour('halo');
        pen.stroke();
      }
      pen.strokeStyle = ink;
      pen.setLineDash(status === 'provisional' ? [5, 4] : status === 'recovering' ? [10, 4] : []);
      pen.lineWidth = isChosen ? 2.5 : hasEnded ? 1 : 2;
      pen.stroke();
      pen.setLineDash([]);
    },

    _ring(pen, x, y) {
      pen.beginPath();
      pen.arc(x, y, dotRadius + 7, 0, 2 * Math.PI);
      pen.lineWidth = 2.5;
      pen.strokeStyle = colour('ink');
      pen.stroke();
    },

    /* The alert at a place of the map: of several the smallest. */
    find(latLng) {
      const {x, y} = unit(latLng);
      const frame = this._frame();
      let best = null;
      for (const row of this._rows) {
        const box = row.now.shape.box;
        const isDot = this._size(frame, box) < smallest;
        const distance = Math.hypot((box[0] + box[2]) / 2 - x, (box[1] + box[3]) / 2 - y) * frame.scale;
        if (isDot ? distance > reach : !PITWATCH.holds(row.now.shape, x, y)) continue;
        const rank = isDot ? distance - reach : row.now.area_ha;  // dots lie on top
        if (best === null || rank < best.rank) best = {rank, row};
      }
      return best ? best.row : null;
    },

    findSite(latLng) {
      const {x, y} = unit(latLng);
      return this._model.sites.find((site) => PITWATCH.holds(site.shape, x, y)) || null;
    },

    /* Names of what layers have at a place. */
    findFeatures(latLng) {
      const {x, y} = unit(latLng);
      const frame = this._frame();
      const names = [];
      this._model.layers.forEach((layer, i) => {
        if (this._hidden.has(i)) return;
        for (const feature of layer.features) {
          let isNear = PITWATCH.holds(feature.area, x, y) || isNearLine(feature.path.lines, x, y, 6 / frame.scale);
          for (let j = 0; j + 1 < feature.spots.length; j += 2) {
            isNear = isNear || Math.hypot(feature.spots[j] - x, feature.spots[j + 1] - y) * frame.scale < reach;
          }
          if (!isNear) continue;
          const name = feature.name && feature.name !== feature.id ? feature.id + ' ' + feature.name : feature.id;
          names.push(text('role.' + layer.role) + ': ' + name + (feature.holder ? ', ' + feature.holder : ''));
        }
      });
      return names;
    },
  });

  function isNearLine(lines, x, y, most) {
    return lines.some((line) => {
      for (let i = 0; i + 3 < line.length; i += 2) {
        const dx = line[i + 2] - line[i];
        const dy = line[i + 3] - line[i + 1];
        const along = Math.max(0, Math.min(1, ((x - line[i]) * dx + (y - line[i + 1]) * dy) / (dx * dx + dy * dy || 1)));
        if (Math.hypot(line[i] + along * dx - x, line[i + 1] + along * dy - y) < most) return true;
      }
      return false;
    });
  }

  /* The name of the colour of a row, by what colours are to tell. */
  function colourName(by, row) {
    const value = by === 'class' ? row.now.class : by === 'status' ? row.now.status : row.alert[by] || 'none';
    return by + '-' + value;
  }

  /* Bounds for Leaflet of a box on the unit square. */
  function boundsOf(box) {
    return L.latLngBounds(latLngOf(box[0], box[3]), latLngOf(box[2], box[1]));
  }

  class AlertMap {
    constructor(model, on) {
      this.model = model;
      this.leaflet = L.map('map', {attributionControl: false, zoomControl: false, minZoom: 2, maxZoom: 19, zoomSnap: 0.25,
                                   zoomDelta: 1, wheelPxPerZoomLevel: 90});
      L.control.zoom({zoomInTitle: text('map.zoom_in'), zoomOutTitle: text('map.zoom_out')}).addTo(this.leaflet);
      this._addWhole(on.whole);
      L.control.scale({imperial: false, position: 'bottomright', maxWidth: 140}).addTo(this.leaflet);
      this.ground = new Ground(model);
      this.hint = null;
      this.leaflet.setView([0, 0], 2);
      this.ground.addTo(this.leaflet);
      this.leaflet.on('moveend', () => {
        const centre = this.leaflet.getCenter();
        on.move([centre.lat, centre.lng, this.leaflet.getZoom()]);
      });
      this.leaflet.on('click', (event) => {
        const row = this.ground.find(event.latlng);
        const site = row ? null : this.ground.findSite(event.latlng);
        on.click(row ? row.alert : null, site);
      });
      this.leaflet.on('mousemove', (event) => this._hover(event.latlng));
      this.leaflet.on('mouseout', () => this._hover(null));
      if (window.matchMedia) {
        window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
          colours.clear();
          dots.clear();
          this.ground.draw();
        });
      }
    }

    /* A button below those of the zoom: all alerts that are shown. */
    _addWhole(whole) {
      const control = L.control({position: 'topleft'});
      control.onAdd = () => {
        const button = make('a', {href: '#', role: 'button', title: text('map.whole'), 'aria-label': text('map.whole')}, '⤢');
        L.DomEvent.on(button, 'click', (event) => {
          L.DomEvent.stop(event);
          whole();
        });
        return make('div', {class: 'leaflet-bar leaflet-control'}, button);
      };
      control.addTo(this.leaflet);
    }

    _hover(latLng) {
      this._pointer = latLng;
      if (this._waits) return;
      this._waits = true;
      requestAnimationFrame(() => {
        this._waits = false;
        this._tell(this._pointer);
      });
    }

    /* What lies under the pointer. */
    _tell(latLng) {
      const row = latLng && this.ground.find(latLng);
      this.leaflet.getContainer().classList.toggle('is-over', Boolean(row));
      const lines = !latLng ? [] : row ? [text('class.' + row.now.class) + ', ' + PITWATCH.words.hectares(row.now.area_ha),
                                          row.alert.id + ', ' + text('status.' + row.now.status)]
                                       : this.ground.findFeatures(latLng);
      if (lines.length === 0) {
        if (this.hint) this.hint.remove();
        this.hint = null;
        return;
      }
      const content = make('div', {}, ...lines.map((line) => make('div', {}, line)));
      if (!this.hint) this.hint = L.tooltip({className: 'hint', offset: [12, 0], direction: 'right', opacity: 1});
      this.hint.setLatLng(latLng).setContent(content);
      if (!this.leaflet.hasLayer(this.hint)) this.hint.addTo(this.leaflet);
    }

    show(rows, view) {
      this.ground.show(rows, view);
    }

    goTo(place) {
      this.leaflet.setView([place[0], place[1]], place[2], {animate: false});
    }

    /* Brings a box of the unit square into the middle. */
    fit(box, options) {
      if (!box) return;
      const legend = document.getElementById('legend');
      const beside = legend.open && this.leaflet.getSize().x > 2.2 * legend.offsetWidth ? legend.offsetWidth + 20 : 40;
      this.leaflet.fitBounds(boundsOf(box), Object.assign({paddingTopLeft: [beside, 50], paddingBottomRight: [50, 40], maxZoom: 16,
                                                           animate: false}, options));
    }

    shows(box) {
      return this.leaflet.getBounds().contains(boundsOf(box));
    }
  }

  Object.assign(PITWATCH, {AlertMap, colourName, hasPictures: false});
})();
