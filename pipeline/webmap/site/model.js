/* What the map knows, and what of it a view shows. Nothing of the page here. */
'use strict';

const PITWATCH = {data: {}};

(() => {
  const partsOfDegree = 1e6;
  const farthestLatitude = 85.05;  // of Web Mercator
  const hiddenUnlessAsked = ['closed', 'superseded'];

  /* Longitudes and latitudes of a ring, as numbers from 0 to 1 on the square of Web Mercator: x, y, x, y, ... */
  function unitLine(numbers) {
    const line = new Float64Array(numbers.length);
    let lon = 0;
    let lat = 0;
    for (let i = 0; i + 1 < numbers.length; i += 2) {
      lon += numbers[i];
      lat += numbers[i + 1];
      const latitude = Math.max(-farthestLatitude, Math.min(farthestLatitude, lat / partsOfDegree));
      const sine = Math.sin(latitude * Math.PI / 180);
      line[i] = lon / partsOfDegree / 360 + 0.5;
      line[i + 1] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
    }
    return line;
  }

  function grow(box, line) {
    for (let i = 0; i + 1 < line.length; i += 2) {
      box[0] = Math.min(box[0], line[i]);
      box[1] = Math.min(box[1], line[i + 1]);
      box[2] = Math.max(box[2], line[i]);
      box[3] = Math.max(box[3], line[i + 1]);
    }
  }

  /* Lines of a shape with their box: {lines, box: [left, top, right, bottom]}. */
  function shapeOf(lines) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const line of lines) grow(box, line);
    return {lines, box};
  }

  function areaShape(outline) {
    const rings = [];
    for (const polygon of outline) for (const ring of polygon) rings.push(unitLine(ring));
    return shapeOf(rings);
  }

  function joined(shapes) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const shape of shapes) if (shape.box[0] <= shape.box[2]) grow(box, shape.box);
    return box[0] <= box[2] ? box : null;
  }

  /* Whether a place lies in a shape, by the rule of even and odd crossings. */
  function holds(shape, x, y) {
    if (x < shape.box[0] || x > shape.box[2] || y < shape.box[1] || y > shape.box[3]) return false;
    let inside = false;
    for (const line of shape.lines) {
      for (let i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
        const crosses = (line[i + 1] > y) !== (line[j + 1] > y);
        if (crosses && x < (line[j] - line[i]) * (y - line[i + 1]) / (line[j + 1] - line[i + 1]) + line[i]) inside = !inside;
      }
    }
    return inside;
  }

  class Model {
    constructor(data) {
      this.asOf = data.as_of ? data.as_of.slice(0, 10) : null;
      this.coverage = data.coverage;
      this.skipped = data.skipped;
      this.sites = data.sites.map((site) => Object.assign({shape: areaShape(site.outline)}, site));
      this.layers = data.layers.map((layer) => ({
        name: layer.name,
        role: layer.role,
        features: layer.features.map((feature) => Object.assign({
          area: areaShape(feature.areas),
          path: shapeOf(feature.lines.map(unitLine)),
          spots: unitLine(feature.points),
        }, feature)),
      }));
      this.alerts = data.alerts.map((row, index) => Object.assign({index, events: null, shape: areaShape(row.outline)}, row));
      this.byId = new Map(this.alerts.map((alert) => [alert.id, alert]));
      this.shownNow = this.alerts.filter((alert) => !alert.hidden).length;
      this.days = [];
      this.hasGrowth = false;
    }

    /* The course of some alerts, as data/growth-N.js has it. */
    addGrowth(rows) {
      for (const row of rows) {
        let shape = null;
        this.alerts[row.alert].events = row.events.map((event) => {
          if (event.outline) shape = areaShape(event.outline);
          return {day: event.at.slice(0, 10), status: event.status, class: event.class, area_ha: event.area_ha,
                  confidence: event.confidence, hidden: event.hidden, shape};
        });
      }
    }

    finishGrowth() {
      const days = new Set(this.asOf ? [this.asOf] : []);
      for (const alert of this.alerts) {
        days.add(alert.first);
        for (const event of alert.events || []) days.add(event.day);
      }
      this.days = Array.from(days).sort();
      this.hasGrowth = true;
    }

    /* An alert as it stood at the end of a day: what `alerts list --as-of` says. Null: there was none yet. No day: now. */
    at(alert, day) {
      const events = alert.events || [];
      const isLater = day && (alert.observed > day || alert.first > day || events.some((event) => event.day > day));
      if (!isLater) return alert;
      let then = null;
      for (const event of events) if (event.day <= day) then = event;
      if (then) return then.shape ? then : Object.assign({}, then, {shape: alert.shape});
      return events.length > 0 || alert.first > day ? null : alert;
    }

    /*
     * What a view shows: {rows: [{alert, now}], counts: {group: Map of value to number}}. A count is of those that would be
     * shown if only that value were asked for in its group.
     */
    select(view) {
      const words = view.search.toLowerCase();
      const counts = {site: new Map(), status: new Map(), class: new Map(), review: new Map(), licence: new Map()};
      const rows = [];
      for (const alert of this.alerts) {
        const now = this.at(alert, view.date);
        if (!now || now.hidden || !this.fits(alert, now, view, words)) continue;
        const values = {site: this.sites[alert.site].id, status: now.status, class: now.class,
                        review: alert.review || 'none', licence: alert.licence || 'none'};
        const failed = Object.keys(values).filter((group) => !isAsked(view, group, values[group]));
        if (failed.length === 0) rows.push({alert, now});
        for (const group of failed.length === 0 ? Object.keys(values) : failed.length === 1 ? failed : []) {
          counts[group].set(values[group], (counts[group].get(values[group]) || 0) + 1);
        }
      }
      return {rows, counts};
    }

    /* All but the groups of values. */
    fits(alert, now, view, words) {
      return (view.least === null || now.area_ha >= view.least) && (view.most === null || now.area_ha <= view.most) &&
          (!view.from || alert.first >= view.from) && (!view.to || alert.first <= view.to) &&
          (!words || alert.id.toLowerCase().includes(words) || this.sites[alert.site].id.toLowerCase().includes(words) ||
           this.sites[alert.site].name.toLowerCase().includes(words));
    }
  }

  function isAsked(view, group, value) {
    const asked = view[group];
    if (asked === null) return group !== 'status' || !hiddenUnlessAsked.includes(value);
    return group === 'site' ? asked === value : asked.includes(value);
  }

  const keys = {
    id: (row) => row.alert.id,
    site: (row) => row.alert.site,
    class: (row) => PITWATCH.words.text('class.' + row.now.class),
    status: (row) => PITWATCH.groups.status.indexOf(row.now.status),
    area: (row) => row.now.area_ha,
    first: (row) => row.alert.first,
    confidence: (row) => row.now.confidence === null ? -1 : row.now.confidence,
  };

  /* Rows in the order that is asked for; of equals those first that were detected first. */
  function sorted(rows, by, isDescending) {
    const key = keys[by];
    const sign = isDescending ? -1 : 1;
    const keyed = rows.map((row) => ({row, key: key(row)}));
    keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0) || a.row.alert.index - b.row.alert.index);
    return keyed.map((one) => one.row);
  }

  PITWATCH.groups = {
    status: ['provisional', 'confirmed', 'recovering', 'closed', 'superseded', 'not_watched'],
    class: ['vegetation_to_bare', 'bare_to_bare', 'to_water', 'from_water', 'vegetation_change', 'burn', 'built_or_bright',
            'flood', 'harvest', 'unknown'],
    review: ['none', 'confirmed_mining', 'licensed', 'natural', 'false'],
    licence: ['inside', 'outside', 'straddles', 'cannot_tell', 'none'],
  };
  PITWATCH.sortKeys = Object.keys(keys);
  Object.assign(PITWATCH, {Model, isAsked, sorted, holds, joined});
})();
