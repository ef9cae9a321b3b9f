/* Ties the parts together: each change makes a new view, which all parts show and the URL tells. */
'use strict';

(() => {
  const {text, make} = PITWATCH.words;
  const alertsOfGrowth = 500;  // in one file
  const model = PITWATCH.model = new PITWATCH.Model(PITWATCH.data.map);
  let view = PITWATCH.viewOf(location.hash);
  let details = null;  // of the alert that is chosen
  let written = null;

  const map = PITWATCH.alertMap = new PITWATCH.AlertMap(model, {
    move: (place) => {
      view.place = place;
      tellUrl();
    },
    whole: () => show({fits: true}, false),
    click: (alert, site) => {
      if (alert) change({alert: alert.id, left: null, right: null});
      else if (site && view.alert) change({alert: null, left: null, right: null});
    },
  });
  const filters = new PITWATCH.Filters(model, change);
  const list = new PITWATCH.AlertList(model, change);
  const panel = new PITWATCH.Panel(model, change);
  const swipe = new PITWATCH.Swipe(map, change);
  const time = new PITWATCH.TimeBar(model, change);
  const sites = new PITWATCH.SiteList(model, change);

  /* A script of the folder, once. */
  const loaded = new Map();
  function load(key) {
    if (!loaded.has(key)) {
      loaded.set(key, new Promise((resolve, reject) => {
        const script = make('script', {src: 'data/' + key + '.js'});
        script.addEventListener('load', () => resolve(PITWATCH.data[key]));
        script.addEventListener('error', () => {
          loaded.delete(key);
          reject(new Error(key));
        });
        document.head.append(script);
      }));
    }
    return loaded.get(key);
  }

  // ---- from change to page ----

  /* then: {fits: the map shows all that is left, shows: the map goes to the alert, focuses: so does the keyboard} */
  function change(changes, then) {
    const before = view.alert;
    if (changes.alert && changes.alert !== before && !('left' in changes)) Object.assign(changes, {left: null, right: null});
    view = Object.assign({}, view, changes);
    show(then || {}, before !== view.alert);
  }

  function show(then, isOther) {
    const found = model.select(view);
    found.rows = PITWATCH.sorted(found.rows, view.sort, view.descending);
    if (isOther) details = null;
    if (details) swipe.show(details.pictures, view);
    else swipe.show([], view);
    map.show(found.rows, view);
    list.show(found.rows, view);
    filters.show(view, found.counts);
    time.show(view);
    sites.show(view);
    showTab();
    showLegend();
    if (isOther) choose(then);
    else if (details) panel.update(details, view);
    if (then.fits) map.fit(PITWATCH.joined(found.rows.length > 0 ? found.rows.map((row) => row.now.shape) : chosenSites()));
    tellUrl();
  }

  function chosenSites() {
    return model.sites.filter((site) => view.site === null || site.id === view.site).map((site) => site.shape);
  }

  /* Opens the panel of the alert that the view names, or closes it. */
  function choose(then) {
    const alert = view.alert === null ? null : model.byId.get(view.alert);
    if (!alert) {
      panel.close();
      sizeChanged();
      return;
    }
    panel.open(alert);
    sizeChanged();
    if (map.leaflet.getSize().x < 720) document.getElementById('legend').open = false;
    const shown = model.at(alert, view.date) || alert;
    const box = PITWATCH.joined([shown.shape]);
    if (box && (then.shows || !map.shows(box))) map.fit(box);
    list.reveal();
    load('alert-' + alert.file).then((found) => {
      if (view.alert !== alert.id) return;
      details = found;
      panel.fill(alert, details, view);
      swipe.show(details.pictures, view);
      map.ground.draw();
      if (then.focuses) panel.heading.focus({preventScroll: true});
      if (then.shows && window.matchMedia('(max-width: 1099px)').matches) document.getElementById('map').scrollIntoView();
    }, () => {
      if (view.alert === alert.id) panel.fail();
    });
  }

  function sizeChanged() {
    map.leaflet.invalidateSize({animate: false});
  }

  function showTab() {
    for (const name of ['alerts', 'sites']) {
      const tab = document.getElementById('tab-' + name);
      tab.setAttribute('aria-selected', String(view.tab === name));
      tab.tabIndex = view.tab === name ? 0 : -1;
      document.getElementById('pane-' + name).hidden = view.tab !== name;
    }
  }

  /* What the colours say, and the layers, each of which can be hidden. */
  let legendOf = null;
  function showLegend() {
    if (legendOf === view.colour + view.hidden.join()) return;
    legendOf = view.colour + view.hidden.join();
    const rows = PITWATCH.groups[view.colour].filter((value) => model.alerts.some(
        (alert) => !alert.hidden && (view.colour === 'class' || view.colour === 'status' ? alert[view.colour] : alert[view.colour] || 'none') === value));
    document.getElementById('legend-colours').replaceChildren(...rows.map((value) => make(
        'li', {}, make('span', {class: 'swatch is-' + view.colour + '-' + value, 'aria-hidden': 'true'}), text(view.colour + '.' + value))));
    document.getElementById('legend-layers').replaceChildren(...model.layers.map((layer, i) => make(
        'li', {}, make('label', {}, make('input', {type: 'checkbox', checked: !view.hidden.includes(i), change: (event) => change({
          hidden: event.target.checked ? view.hidden.filter((one) => one !== i) : view.hidden.concat(i).sort()})}),
                       make('span', {class: 'swatch is-layer-' + layer.role, 'aria-hidden': 'true'}),
                       make('span', {title: text('role.' + layer.role)}, layer.name || text('role.' + layer.role))))));
  }

  // ---- the URL ----

  let waits = null;
  function tellUrl() {
    if (waits !== null) return;
    waits = setTimeout(() => {
      waits = null;
      written = PITWATCH.fragmentOf(view);
      history.replaceState(null, '', written);
    }, 150);
  }

  window.addEventListener('hashchange', () => {
    if (location.hash === written || location.hash === decodeURI(written || '')) return;
    const before = view.alert;
    view = PITWATCH.viewOf(location.hash);
    if (view.place) map.goTo(view.place);
    show({}, before !== view.alert);
  });

  document.getElementById('copy').addEventListener('click', () => {
    const link = location.href.split('#')[0] + PITWATCH.fragmentOf(view);
    const said = document.getElementById('said');
    const tell = (key) => {
      said.textContent = text(key);
      setTimeout(() => { said.textContent = ''; }, 4000);
    };
    const byHand = () => {
      const field = make('textarea', {class: 'unseen'});
      field.value = link;
      document.body.append(field);
      field.select();
      tell(document.execCommand('copy') ? 'link.copied' : 'link.failed');
      field.remove();
      document.getElementById('copy').focus();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(link).then(() => tell('link.copied'), byHand);
    else byHand();
  });

  // ---- tabs ----

  for (const name of ['alerts', 'sites']) {
    const tab = document.getElementById('tab-' + name);
    tab.addEventListener('click', () => change({tab: name}));
    tab.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      const other = name === 'alerts' ? 'sites' : 'alerts';
      change({tab: other});
      document.getElementById('tab-' + other).focus();
    });
  }
  document.getElementById('skip').addEventListener('click', () => {
    change({tab: 'alerts'});
    const row = document.querySelector('#rows tr');
    if (row) row.focus();
  });

  // ---- begin ----

  if (window.matchMedia('(max-width: 1099px)').matches) {
    document.getElementById('filters').open = false;
    document.getElementById('legend').open = false;
  }
  document.getElementById('as-of').textContent = model.asOf ? text('page.as_of', {day: model.asOf}) : text('page.empty');
  window.addEventListener('resize', sizeChanged);
  if (view.place) map.goTo(view.place);
  const givenDate = view.date;
  view.date = null;  // until the course of the alerts is known
  show({fits: !view.place && view.alert === null, shows: !view.place}, true);
  requestAnimationFrame(() => setTimeout(() => {
    performance.mark('pitwatch-shown');
    const files = Math.ceil(model.alerts.length / alertsOfGrowth);
    Promise.all(Array.from({length: files}, (none, i) => load('growth-' + i))).then((parts) => {
      for (const part of parts) model.addGrowth(part);
      model.finishGrowth();
      time.begin();
      change(givenDate ? {date: givenDate} : {});
      if (details) panel.fill(model.byId.get(view.alert), details, view);
      performance.mark('pitwatch-ready');
      document.documentElement.classList.add('is-ready');
    }, () => {
      document.getElementById('said').textContent = text('time.failed');
    });
  }));
})();
