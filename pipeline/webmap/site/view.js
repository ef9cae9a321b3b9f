/* A view: what is asked for and looked at. It stands in the URL after "#", so that a link brings it back. */
'use strict';

(() => {
  const lists = ['status', 'class', 'review', 'licence'];
  const isDay = (value) => /^\d{4}-\d{2}-\d{2}$/.test(value);
  const colours = ['class', 'status', 'review', 'licence'];

  function emptyView() {
    return {
      site: null, status: null, class: null, review: null, licence: null, search: '', least: null, most: null, from: '',
      to: '', date: null, alert: null, tab: 'alerts', sort: 'area', descending: true, colour: 'class', place: null,
      compare: true, composite: 'true_colour', left: null, right: null, hidden: [],
    };
  }

  function numberOf(value) {
    return value !== null && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : null;
  }

  function placeOf(value) {
    const numbers = (value || '').split(',').map(Number);
    const [lat, lon, zoom] = numbers;
    const isPlace = numbers.length === 3 && Math.abs(lat) <= 85 && Math.abs(lon) <= 360 && zoom >= 0 && zoom <= 20;
    return isPlace ? numbers : null;
  }

  /* The view of a fragment; what is unknown in it is passed over. */
  function viewOf(fragment) {
    const view = emptyView();
    const given = new URLSearchParams(fragment.replace(/^#/, ''));
    const word = (key, known) => known.includes(given.get(key)) ? given.get(key) : view[key];
    for (const group of lists) {
      if (given.has(group)) view[group] = given.get(group).split(',').filter((value) => PITWATCH.groups[group].includes(value));
    }
    view.site = given.get('site');
    view.search = given.get('search') || '';
    view.least = numberOf(given.get('least'));
    view.most = numberOf(given.get('most'));
    for (const key of ['from', 'to', 'date']) if (isDay(given.get(key) || '')) view[key] = given.get(key);
    view.alert = given.get('alert');
    view.tab = word('tab', ['alerts', 'sites']);
    view.colour = word('colour', colours);
    view.composite = word('composite', ['true_colour', 'short_wave']);
    const sort = (given.get('sort') || '').match(/^(-?)(\w+)$/);
    if (sort && PITWATCH.sortKeys.includes(sort[2])) Object.assign(view, {sort: sort[2], descending: sort[1] === '-'});
    view.place = placeOf(given.get('place'));
    view.compare = given.get('compare') !== 'off';
    view.left = given.get('left');
    view.right = given.get('right');
    view.hidden = given.has('hidden') ? given.get('hidden').split(',').map(Number).filter(Number.isInteger) : [];
    return view;
  }

  /* What differs from the empty view. */
  function fragmentOf(view) {
    const usual = emptyView();
    const out = new URLSearchParams();
    for (const group of lists) if (view[group] !== null) out.set(group, view[group].join(','));
    for (const key of ['site', 'search', 'least', 'most', 'from', 'to', 'date', 'alert', 'tab', 'colour', 'composite',
                       'left', 'right']) {
      if (view[key] !== usual[key] && view[key] !== null && view[key] !== '') out.set(key, view[key]);
    }
    if (view.sort !== usual.sort || view.descending !== usual.descending) out.set('sort', (view.descending ? '-' : '') + view.sort);
    if (!view.compare) out.set('compare', 'off');
    if (view.hidden.length > 0) out.set('hidden', view.hidden.join(','));
    if (view.place) out.set('place', view.place.map((value, i) => value.toFixed(i < 2 ? 5 : 1)).join(','));
    return '#' + out.toString().replace(/%2C/g, ',');
  }

  Object.assign(PITWATCH, {emptyView, viewOf, fragmentOf});
})();
