/* The filters, and the alerts that pass them as a table: sorted by its heads, walked with the arrow keys. */
'use strict';

(() => {
  const {text, make, number, hectares} = PITWATCH.words;
  const rowsOfPage = 100;
  const columns = ['class', 'site', 'area', 'first', 'status'];

  class Filters {
    constructor(model, change) {
      this.model = model;
      this.change = change;
      this.boxes = new Map();
      this.site = document.getElementById('site');
      this.site.append(make('option', {value: ''}, text('filter.all_sites')),
                       ...model.sites.map((site) => make('option', {value: site.id}, site.name)));
      this.site.addEventListener('change', () => change({site: this.site.value || null}, {fits: true}));
      for (const group of Object.keys(PITWATCH.groups)) this._makeGroup(group);
      this._bind('search', 'input', (value) => ({search: value.trim()}));
      this._bind('least', 'input', (value) => ({least: value === '' ? null : Number(value)}));
      this._bind('most', 'input', (value) => ({most: value === '' ? null : Number(value)}));
      this._bind('from', 'change', (value) => ({from: value}));
      this._bind('to', 'change', (value) => ({to: value}));
      this._bind('colour', 'change', (value) => ({colour: value}));
      document.getElementById('reset').addEventListener('click', () => {
        const {status, class: classes, review, licence, search, least, most, from, to, site} = PITWATCH.emptyView();
        change({status, class: classes, review, licence, search, least, most, from, to, site}, {fits: true});
      });
    }

    _bind(id, event, changes) {
      const field = document.getElementById(id);
      field.addEventListener(event, () => this.change(changes(field.value)));
    }

    _makeGroup(group) {
      const list = document.getElementById('group-' + group);
      for (const value of PITWATCH.groups[group]) {
        const box = make('input', {type: 'checkbox', value, change: () => this._toggled(group)});
        const count = make('span', {class: 'count'});
        const swatch = make('span', {class: 'swatch is-' + group + '-' + value, 'aria-hidden': 'true'});
        const label = make('label', {}, box, swatch, make('span', {class: 'name'}, text(group + '.' + value)), count);
        this.boxes.set(group + ' ' + value, {box, count, label});
        list.append(label);
      }
    }

    _toggled(group) {
      const chosen = PITWATCH.groups[group].filter((value) => this.boxes.get(group + ' ' + value).box.checked);
      const isUsual = PITWATCH.groups[group].every(
          (value) => chosen.includes(value) === PITWATCH.isAsked({[group]: null}, group, value));
      this.change({[group]: isUsual ? null : chosen});
    }

    show(view, counts) {
      this.site.value = view.site === null ? '' : view.site;
      for (const id of ['search', 'from', 'to', 'colour']) {
        const field = document.getElementById(id);
        if (field.value.trim() !== view[id]) field.value = view[id];
      }
      for (const id of ['least', 'most']) {
        const field = document.getElementById(id);
        if ((field.value === '' ? null : Number(field.value)) !== view[id]) field.value = view[id] === null ? '' : view[id];
      }
      for (const group of Object.keys(PITWATCH.groups)) {
        let chosen = 0;
        for (const value of PITWATCH.groups[group]) {
          const {box, count, label} = this.boxes.get(group + ' ' + value);
          const found = counts[group].get(value) || 0;
          box.checked = PITWATCH.isAsked(view, group, value);
          chosen += box.checked ? 1 : 0;
          count.textContent = number(found, 0);
          label.classList.toggle('is-empty', found === 0);
        }
        const all = PITWATCH.groups[group].length;
        document.getElementById('chosen-' + group).textContent =
            chosen === all ? text('filter.all') : text('filter.some', {chosen: number(chosen, 0), all: number(all, 0)});
      }
      const isBounded = view.least !== null || view.most !== null || view.from !== '' || view.to !== '';
      document.getElementById('chosen-range').textContent = text(isBounded ? 'filter.bounded' : 'filter.all');
      const usual = PITWATCH.emptyView();
      const filters = ['site', 'search', 'status', 'class', 'review', 'licence'];
      document.getElementById('reset').hidden = !isBounded && filters.every((name) => view[name] === usual[name]);
    }
  }

  class AlertList {
    constructor(model, change) {
      this.model = model;
      this.change = change;
      this.rows = [];
      this.page = 0;
      this.body = document.getElementById('rows');
      for (const column of columns) {
        document.getElementById('sort-' + column).addEventListener('click', () => this._sort(column));
      }
      this.body.addEventListener('click', (event) => this._choose(event.target));
      this.body.addEventListener('keydown', (event) => this._key(event));
      document.getElementById('page-before').addEventListener('click', () => this._turn(-1));
      document.getElementById('page-after').addEventListener('click', () => this._turn(1));
    }

    _sort(column) {
      const isSame = this.view.sort === column;
      this.change({sort: column, descending: isSame ? !this.view.descending : column === 'area' || column === 'first'});
    }

    _turn(by, focus) {
      const last = Math.max(0, Math.ceil(this.rows.length / rowsOfPage) - 1);
      const page = Math.max(0, Math.min(last, this.page + by));
      if (page === this.page) return;
      this.page = page;
      this._fill();
      document.getElementById('list').scrollTop = 0;
      if (focus) this._focus(focus === 'last' ? this.body.rows.length - 1 : 0);
    }

    _choose(target) {
      const row = target.closest('tr');
      if (row) this.change({alert: row.dataset.id}, {shows: true, focuses: true});
    }

    _focus(index) {
      const row = this.body.rows[Math.max(0, Math.min(this.body.rows.length - 1, index))];
      if (!row) return;
      for (const other of this.body.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
      row.tabIndex = 0;
      row.focus();
    }

    _key(event) {
      const row = event.target.closest('tr');
      if (!row) return;
      const at = row.sectionRowIndex;
      const last = this.body.rows.length - 1;
      const does = {
        ArrowDown: () => at === last ? this._turn(1, 'first') : this._focus(at + 1),
        ArrowUp: () => at === 0 ? this._turn(-1, 'last') : this._focus(at - 1),
        PageDown: () => this._focus(at + 10),
        PageUp: () => this._focus(at - 10),
        Home: () => this._focus(0),
        End: () => this._focus(last),
        Enter: () => this._choose(row),
        ' ': () => this._choose(row),
      }[event.key];
      if (!does) return;
      event.preventDefault();
      does();
    }

    show(rows, view) {
      const isNew = this.rows.length !== rows.length || rows.some((row, i) => row.alert !== this.rows[i].alert);
      const wasChosen = this.view && this.view.alert === view.alert;
      this.rows = rows;
      this.view = view;
      if (isNew) this.page = 0;
      if (isNew || !wasChosen) {
        const place = rows.findIndex((row) => row.alert.id === view.alert);
        if (place >= 0) this.page = Math.floor(place / rowsOfPage);
      }
      for (const column of columns) {
        const head = document.getElementById('sort-' + column).closest('th');
        if (view.sort === column) head.setAttribute('aria-sort', view.descending ? 'descending' : 'ascending');
        else head.removeAttribute('aria-sort');
      }
      this._fill();
      const area = rows.reduce((sum, row) => sum + row.now.area_ha, 0);
      document.getElementById('found').textContent = text('list.found', {
        shown: number(rows.length, 0), all: number(this.model.shownNow, 0), area: hectares(area)});
    }

    _fill() {
      const from = this.page * rowsOfPage;
      const shown = this.rows.slice(from, from + rowsOfPage);
      const hadFocus = this.body.contains(document.activeElement) ? document.activeElement.dataset.id : null;
      const elements = shown.map((row, i) => this._row(row, from + i));
      this.body.replaceChildren(...elements);
      const active = elements.find((row) => row.dataset.id === (hadFocus || this.view.alert)) || elements[0];
      if (active) active.tabIndex = 0;
      if (active && hadFocus && active.dataset.id === hadFocus) active.focus({preventScroll: true});
      document.getElementById('table').setAttribute('aria-rowcount', this.rows.length + 1);
      document.getElementById('pages').hidden = this.rows.length <= rowsOfPage;
      document.getElementById('page').textContent = text('list.page', {
        from: number(from + 1, 0), to: number(from + shown.length, 0), all: number(this.rows.length, 0)});
      document.getElementById('page-before').disabled = from === 0;
      document.getElementById('page-after').disabled = from + rowsOfPage >= this.rows.length;
      document.getElementById('nothing').hidden = this.rows.length > 0;
    }

    _row(row, index) {
      const {alert, now} = row;
      const isChosen = alert.id === this.view.alert;
      const site = this.model.sites[alert.site].name;
      const status = text('status.' + now.status);
      const swatch = 'swatch is-' + PITWATCH.colourName(this.view.colour, row);
      const review = alert.review ? make('span', {class: 'verdict'}, text('review.' + alert.review)) : null;
      return make('tr', {'data-id': alert.id, tabindex: -1, 'aria-rowindex': index + 2, 'aria-selected': String(isChosen),
                         class: 'is-' + now.status},
                  make('td', {}, make('div', {class: 'what'}, make('span', {class: swatch, 'aria-hidden': 'true'}),
                       make('span', {}, text('class.' + now.class), make('small', {class: 'id'}, alert.id),
                            make('small', {class: 'only-narrow'}, site + ', ' + status), review))),
                  make('td', {class: 'only-wide'}, site),
                  make('td', {class: 'number'}, number(now.area_ha, 2)),
                  make('td', {class: 'day'}, alert.first),
                  make('td', {class: 'only-wide'}, status));
    }

    /* Brings the chosen row into sight. */
    reveal() {
      const row = this.body.querySelector('[aria-selected="true"]');
      const box = document.getElementById('list');
      if (!row || box.scrollHeight <= box.clientHeight) return;
      const top = row.offsetTop - box.clientHeight / 2;
      if (row.offsetTop < box.scrollTop + 40 || row.offsetTop > box.scrollTop + box.clientHeight - 40) box.scrollTop = top;
    }
  }

  Object.assign(PITWATCH, {Filters, AlertList});
})();
