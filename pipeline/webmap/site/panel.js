/* One alert: its facts, its pictures, its course as plots, and where more is said of it. */
'use strict';

(() => {
  const {text, make, drawn, number, hectares, percent, day} = PITWATCH.words;

  // ---- plots ----

  const plot = {width: 360, height: 150, left: 40, right: 8, top: 10, bottom: 22};
  const timeOf = (instant) => Date.parse(instant.length === 10 ? instant + 'T00:00:00Z' : instant);

  function axisYears(from, to) {
    const years = [];
    for (let year = new Date(from).getUTCFullYear(); year <= new Date(to).getUTCFullYear() + 1; ++year) {
      for (const month of to - from < 500 * 864e5 ? [0, 3, 6, 9] : [0]) {
        const at = Date.UTC(year, month, 1);
        if (at >= from && at <= to) years.push({at, label: month === 0 ? String(year) : year + '-' + String(month + 1).padStart(2, '0')});
      }
    }
    return years;
  }

  /* Axes, and from values to places: {svg, x, y}. */
  function axes(label, from, to, low, high, decimals) {
    const span = Math.max(to - from, 864e5);
    const x = (at) => plot.left + (at - from) / span * (plot.width - plot.left - plot.right);
    const y = (value) => plot.height - plot.bottom - (value - low) / (high - low) * (plot.height - plot.bottom - plot.top);
    const svg = drawn('svg', {viewBox: '0 0 ' + plot.width + ' ' + plot.height, class: 'plot', role: 'img', 'aria-label': label});
    for (const value of [low, (low + high) / 2, high]) {
      svg.append(drawn('line', {x1: plot.left, x2: plot.width - plot.right, y1: y(value), y2: y(value), class: 'grid'}),
                 drawn('text', {x: plot.left - 5, y: y(value) + 4, 'text-anchor': 'end'}, number(value, decimals)));
    }
    for (const year of axisYears(from, from + span)) {
      svg.append(drawn('line', {x1: x(year.at), x2: x(year.at), y1: plot.height - plot.bottom, y2: plot.height - plot.bottom + 4, class: 'axis'}),
                 drawn('text', {x: Math.min(x(year.at), plot.width - 22), y: plot.height - 6, 'text-anchor': 'middle'}, year.label));
    }
    return {svg, x, y};
  }

  function niceTop(value) {
    const power = Math.pow(10, Math.floor(Math.log10(Math.max(value, 0.01))));
    return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= value);
  }

  function areaPlot(details) {
    const events = details.events;
    if (events.length === 0) return null;
    const from = timeOf(events[0].at);
    const to = Math.max(timeOf(details.properties.last_observed), timeOf(events[events.length - 1].at));
    const label = text('plot.area_label', {from: day(events[0].at), first: hectares(events[0].area_ha),
                                           to: day(events[events.length - 1].at),
                                           last: hectares(events[events.length - 1].area_ha)});
    const {svg, x, y} = axes(label, from, to, 0, niceTop(Math.max(...events.map((event) => event.area_ha))), 1);
    let path = '';
    events.forEach((event, i) => {
      path += (i === 0 ? 'M' : 'H') + x(timeOf(event.at)) + (i === 0 ? ' ' : ' V') + y(event.area_ha);
    });
    svg.append(drawn('path', {d: path + ' H' + x(to), class: 'line'}));
    for (const event of events) {
      svg.append(drawn('circle', {cx: x(timeOf(event.at)), cy: y(event.area_ha), r: 2.5, class: 'dot'},
                       drawn('title', {}, day(event.at) + ' ' + text('event.' + event.event) + ', ' + hectares(event.area_ha))));
    }
    return make('figure', {}, make('figcaption', {}, text('plot.area')), svg);
  }

  function seriesPlot(details) {
    const seen = details.observations.filter((one) => one.use === 'clear' && one.ndvi !== null);
    if (seen.length < 2) return null;
    const from = timeOf(details.observations[0].acquired);
    const to = timeOf(details.observations[details.observations.length - 1].acquired);
    const values = seen.flatMap((one) => [one.ndvi, one.expected === null ? one.ndvi : one.expected]);
    const low = Math.min(0, Math.floor(Math.min(...values) * 5) / 5);
    const high = Math.max(0.4, Math.ceil(Math.max(...values) * 5) / 5);
    const last = seen[seen.length - 1];
    const label = text('plot.series_label', {count: number(seen.length, 0), from: day(seen[0].acquired), to: day(last.acquired),
                                             value: number(last.ndvi, 2),
                                             expected: last.expected === null ? '–' : number(last.expected, 2)});
    const {svg, x, y} = axes(label, from, to, low, high, 1);
    const held = (value) => Math.max(low, Math.min(high, value));
    const expected = seen.filter((one) => one.expected !== null);
    if (expected.length > 1) {
      const edge = (one, sign) => x(timeOf(one.acquired)) + ' ' + y(held(one.expected + sign * 2 * (one.sd || 0)));
      svg.append(drawn('path', {d: 'M' + expected.map((one) => edge(one, 1)).join(' L') + ' L' +
                                   expected.slice().reverse().map((one) => edge(one, -1)).join(' L') + ' Z', class: 'band'}),
                 drawn('path', {d: 'M' + expected.map((one) => x(timeOf(one.acquired)) + ' ' + y(held(one.expected))).join(' L'),
                                class: 'expected'}));
    }
    for (const one of seen) {
      svg.append(drawn('circle', {cx: x(timeOf(one.acquired)), cy: y(held(one.ndvi)), r: 2.5, class: 'dot'},
                       drawn('title', {}, day(one.acquired) + ' ' + number(one.ndvi, 2))));
    }
    const hidden = details.observations.filter((one) => one.use === 'masked').length;
    return make('figure', {}, make('figcaption', {}, text('plot.series')), svg,
                make('p', {class: 'note'}, text('plot.series_note', {count: number(seen.length, 0), masked: number(hidden, 0)})));
  }

  // ---- facts ----

  function facts(rows) {
    const list = make('dl', {class: 'facts'});
    for (const [name, value] of rows) {
      if (value === null || value === undefined || value === '') continue;
      list.append(make('dt', {}, text(name)), make('dd', {}, value));
    }
    return list;
  }

  const chance = (value) => value === null ? null : percent(value);

  function groundFacts(properties) {
    const has = (key) => properties[key] !== undefined && properties[key] !== null;
    const listed = (key) => has(key) && properties[key].length > 0 ? properties[key].join(', ') : null;
    const water = (kind) => !has('water_' + kind + '_name') ? null : text('fact.water_at', {
      name: properties['water_' + kind + '_name'], distance: number(properties['water_' + kind + '_distance_m'], 0)});
    return [
      ['fact.licence', has('licence_verdict') ? text('licence.' + properties.licence_verdict) : null],
      ['fact.licence_ids', listed('licence_ids')],
      ['fact.licence_holders', listed('licence_holders')],
      ['fact.licence_share', has('licence_share') ? text('fact.share', {area: hectares(properties.licence_area_ha),
                                                                        share: percent(properties.licence_share)}) : null],
      ['fact.licence_validity', has('licence_validity') ? text('validity.' + properties.licence_validity) : null],
      ['fact.licence_crossed', has('licence_crossed_on') ? day(properties.licence_crossed_on) : null],
      ['fact.parcels', listed('parcel_ids')],
      ['fact.protected', has('protected_verdict') ? text('licence.' + properties.protected_verdict) +
                                                    (listed('protected_names') ? ': ' + listed('protected_names') : '') : null],
      ['fact.surface_water', water('surface')],
      ['fact.spring', water('spring')],
      ['fact.well', water('well')],
      ['fact.risk_surface', has('water_risk_surface') ? text('risk.' + properties.water_risk_surface) : null],
      ['fact.risk_ground', has('water_risk_ground') ? text('risk.' + properties.water_risk_ground) : null],
      ['fact.site_share', has('site_share') ? percent(properties.site_share) : null],
    ];
  }

  function stateFacts(alert, details, site) {
    const p = details.properties;
    return facts([
      ['fact.site', site.name],
      ['fact.status', text('status.' + p.status)],
      ['fact.area', text('fact.area_value', {area: number(p.area_ha, 2), sd: number(p.area_uncertainty_ha, 2)})],
      ['fact.onset', text('fact.onset_value', {after: day(p.onset_after), before: day(p.onset_before)})],
      ['fact.first_detected', day(p.first_detected)],
      ['fact.confirmed_on', p.confirmed_on ? day(p.confirmed_on) : null],
      ['fact.last_detected', day(p.last_detected)],
      ['fact.last_observed', day(p.last_observed)],
      ['fact.observations', number(p.observations, 0)],
      ['fact.confidence', percent(p.confidence)],
      ['fact.class_probability', chance(p.class_probability)],
      ['fact.natural_probability', chance(p.natural_probability)],
    ]);
  }

  // One who is not to be named has a name that says so (register.hpp).
  function reviewedText(review) {
    const isNamed = review.reviewer !== 'not named';
    return isNamed ? text('panel.reviewed', {reviewer: review.reviewer, day: day(review.reviewed_at)})
                   : day(review.reviewed_at);
  }

  function reviewPart(details) {
    const review = details.properties.review;
    if (!review) return make('p', {class: 'review is-none'}, text('panel.no_review'));
    return make('p', {class: 'review'}, make('strong', {}, text('review.' + review.verdict)), ' ',
                reviewedText(review), review.reason ? make('q', {}, review.reason) : null);
  }

  function reviewsPart(details) {
    if (details.reviews.length < 2) return null;
    const rows = details.reviews.map((review) => make('li', {}, make('strong', {}, text('review.' + review.verdict)), ' ',
        reviewedText(review), ' ', review.reason));
    return make('details', {}, make('summary', {}, text('panel.reviews', {count: number(rows.length, 0)})),
                make('ul', {class: 'scenes'}, ...rows));
  }

  function historyPart(details) {
    const rows = details.events.map((event) => make('tr', {}, make('td', {class: 'day'}, day(event.at)),
                                                    make('td', {}, text('event.' + event.event)),
                                                    make('td', {}, text('class.' + event.class)),
                                                    make('td', {class: 'number'}, number(event.area_ha, 2))));
    return make('details', {}, make('summary', {}, text('panel.history', {count: number(rows.length, 0)})),
                make('div', {class: 'scrolls'}, make('table', {class: 'history'},
                     make('thead', {}, make('tr', {}, ...['list.day', 'list.event', 'list.class', 'list.area'].map(
                         (key) => make('th', {scope: 'col'}, text(key))))),
                     make('tbody', {}, ...rows))));
  }

  function scenesPart(details) {
    const scenes = details.properties.scenes;
    const list = (names) => make('ul', {class: 'scenes'}, ...names.map((name) => make('li', {}, name)));
    return make('details', {}, make('summary', {}, text('panel.scenes')),
                make('h3', {}, text('panel.before')), list(scenes.before), make('h3', {}, text('panel.after')), list(scenes.after),
                make('p', {class: 'note'}, details.properties.algorithm));
  }

  class Panel {
    constructor(model, change) {
      this.model = model;
      this.change = change;
      this.box = document.getElementById('panel');
      this.body = document.getElementById('panel-body');
      this.heading = document.getElementById('panel-title');
      document.getElementById('panel-close').addEventListener('click', () => this._close());
      this.box.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') this._close();
      });
    }

    _close() {
      const id = this.id;
      this.change({alert: null, left: null, right: null});
      const row = Array.from(document.querySelectorAll('#rows tr')).find((one) => one.dataset.id === id);
      (row || document.getElementById('search')).focus();
    }

    close() {
      this.id = null;
      this.box.hidden = true;
      document.body.classList.remove('has-panel');
      this.body.replaceChildren();
    }

    /* Opens it for an alert whose details are on their way. */
    open(alert) {
      this.id = alert.id;
      this.box.hidden = false;
      document.body.classList.add('has-panel');
      this.heading.textContent = text('class.' + alert.class);
      document.getElementById('panel-id').textContent = alert.id;
      this.body.replaceChildren(make('p', {class: 'note'}, text('panel.loading')));
    }

    fail() {
      this.body.replaceChildren(make('p', {class: 'warning'}, text('panel.failed')));
    }

    fill(alert, details, view) {
      const ground = groundFacts(details.properties).filter((row) => row[1] !== null);
      this.pictures = this._picturesPart(details.pictures);
      const parts = [
        alert.status === 'superseded' ? this._supersededPart(details.properties.superseded) : null,
        reviewPart(details), this.pictures, stateFacts(alert, details, this.model.sites[alert.site]),
        details.dossier ? make('p', {}, make('a', {href: details.dossier, class: 'button'}, text('panel.dossier'))) : null,
        this._growthButton(alert), areaPlot(details), seriesPlot(details),
        ground.length > 0 ? make('h3', {}, text('panel.ground')) : null, ground.length > 0 ? facts(ground) : null,
        reviewsPart(details), historyPart(details), scenesPart(details),
      ];
      this.body.replaceChildren(...parts.filter((part) => part !== null));
      this.update(details, view);
    }

    _supersededPart(superseded) {
      const links = superseded.by.map((id) => make('button', {type: 'button', class: 'link',
                                                              click: () => this.change({alert: id}, {shows: true})}, id));
      return make('p', {class: 'warning'}, text('superseded.' + superseded.why), ' ', ...links);
    }

    _growthButton(alert) {
      if (!alert.events || new Set(alert.events.map((event) => event.day)).size < 2) return null;
      return make('p', {}, make('button', {type: 'button', class: 'button', click: () => PITWATCH.player.play(alert)}, text('panel.play')));
    }

    _picturesPart(pictures) {
      if (pictures.length === 0) return make('p', {class: 'note'}, text('panel.no_pictures'));
      const options = () => pictures.map((picture) => make('option', {value: picture.name}, PITWATCH.titleOfPicture(picture)));
      const side = (name) => make('label', {}, make('span', {}, text('swipe.' + name)),
                                  make('select', {id: 'picture-' + name, change: (event) => this.change({[name]: event.target.value})}, ...options()));
      const composite = (name) => make('label', {class: 'choice'},
          make('input', {type: 'radio', name: 'composite', value: name, change: () => this.change({composite: name})}),
          make('span', {}, text('composite.' + name)));
      const strip = pictures.map((picture) => make(
          'button', {type: 'button', 'data-name': picture.name, 'data-file': picture.file, title: PITWATCH.titleOfPicture(picture),
                     click: () => this.change({right: picture.name, compare: true})},
          make('img', {alt: '', loading: 'lazy', width: 64, height: 64}), make('span', {}, day(picture.acquired))));
      return make('fieldset', {class: 'pictures-choice'}, make('legend', {}, text('panel.pictures')),
                  make('label', {class: 'choice'}, make('input', {type: 'checkbox', id: 'compare',
                                                                  change: (event) => this.change({compare: event.target.checked})}),
                       make('span', {}, text('swipe.on'))),
                  make('div', {class: 'sides'}, side('left'), side('right')),
                  make('div', {class: 'composites', role: 'radiogroup', 'aria-label': text('composite.label')},
                       composite('true_colour'), composite('short_wave')),
                  make('div', {class: 'strip'}, ...strip));
    }

    /* What of it follows the view. */
    update(details, view) {
      if (details.pictures.length === 0) return;
      const chosen = PITWATCH.Swipe.choose(details.pictures, view);
      this.pictures.querySelector('#compare').checked = view.compare;
      for (const side of ['left', 'right']) this.pictures.querySelector('#picture-' + side).value = chosen[side].name;
      for (const box of this.pictures.querySelectorAll('[name="composite"]')) box.checked = box.value === view.composite;
      for (const button of this.pictures.querySelectorAll('.strip button')) {
        const url = button.dataset.file + '-' + view.composite + '.png';
        const image = button.querySelector('img');
        if (image.getAttribute('src') !== url) image.src = url;
        button.setAttribute('aria-pressed', String(view.compare && button.dataset.name === chosen.right.name));
      }
    }
  }

  Object.assign(PITWATCH, {Panel});
})();
